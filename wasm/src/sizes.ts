/** Sizes in bytes: ML-KEM-768 (FIPS 203 table 3), Falcon-512 (round 3, padded form). */
export const kemSizes = { publicKeyBytes: 1184, secretKeyBytes: 2400, ciphertextBytes: 1088, sharedSecretBytes: 32 } as const
export const signerSizes = { publicKeyBytes: 897, secretKeyBytes: 1281, signatureBytes: 666 } as const

/** More than any envelope with its signed frame; bounds the WASM heap for good. */
export const maxMessageBytes = 262_144
