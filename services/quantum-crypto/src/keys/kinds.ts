import type { Algorithms, KeyPair } from '@qsm/protocol'

/** A kind of managed key for the REST routes. */
export interface KeyKind {
  /** As answers call it. */
  readonly field: 'ml_kem_768' | 'falcon_512' | 'ecdsa_p256'
  /** As it is stored and bound to what is sealed. */
  readonly algorithm: string
  /** What it is for, as answers call it. */
  readonly use: string
  readonly publicKeyBytes: number
  readonly secretKeyBytes: number
  generate(algorithms: Algorithms): KeyPair | Promise<KeyPair>
}

/** ML-KEM-768 (FIPS 203 table 3). */
export const kemKind: KeyKind = Object.freeze({
  field: 'ml_kem_768',
  algorithm: 'ML-KEM-768',
  use: 'kem',
  publicKeyBytes: 1184,
  secretKeyBytes: 2400,
  generate: ({ kem }) => kem.generateKeyPair(),
} satisfies KeyKind)

/** Falcon-512 of round 3. */
export const falconKind: KeyKind = Object.freeze({
  field: 'falcon_512',
  algorithm: 'Falcon-512',
  use: 'signature',
  publicKeyBytes: 897,
  secretKeyBytes: 1281,
  generate: ({ signer }) => signer.generateKeyPair(),
} satisfies KeyKind)

/** ECDSA on P-256 with SHA-256 (FIPS 186-5); the public key as uncompressed point. */
export const ecdsaKind: KeyKind = Object.freeze({
  field: 'ecdsa_p256',
  algorithm: 'ECDSA-P256-SHA256',
  use: 'classical_signature',
  publicKeyBytes: 65,
  secretKeyBytes: 32,
  generate: ({ classical }) => classical.generateP256(),
} satisfies KeyKind)

export const keyKinds: readonly KeyKind[] = Object.freeze([kemKind, falconKind, ecdsaKind])

/** What `key_type` of keygen makes. */
export const kindsOfType = Object.freeze({
  all: keyKinds,
  kem: [kemKind],
  sig: [falconKind],
  ecdsa: [ecdsaKind],
} as const)
