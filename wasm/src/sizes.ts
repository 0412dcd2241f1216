/** ML-KEM-768 in bytes (FIPS 203 table 3). */
export const kemSizes = Object.freeze({
  publicKeyBytes: 1184,
  secretKeyBytes: 2400,
  ciphertextBytes: 1088,
  sharedSecretBytes: 32,
} as const)

/** Falcon-512 of round 3 in bytes, signatures in the padded form. */
export const signerSizes = Object.freeze({ publicKeyBytes: 897, secretKeyBytes: 1281, signatureBytes: 666 } as const)

/** More than the largest envelope with what is signed around it. */
export const maxMessageBytes = 262_144
