/** Sizes of an envelope in bytes (docs/protocol.md section 6). */
export const headerBytes = 226
/** The part of the header that the AAD covers: all before commitment and ctLen. */
export const aadHeaderBytes = 190
export const tagBytes = 16
export const paddingBlockBytes = 256
export const maxEnvelopeBytes = 98_304

export const envelopeVersion = 1
export const envelopeTypes = Object.freeze({ message: 1, control: 2 } as const)
export type EnvelopeType = (typeof envelopeTypes)[keyof typeof envelopeTypes]

export const flags = Object.freeze({ hasEk: 1, hasCt: 2, managed: 4, prekey: 8 } as const)
export const knownFlags = 15

/** The fixed part of an envelope. Times are ms since 1970; ids of users, messages and sessions are 16 bytes. */
export interface EnvelopeHeader {
  readonly suite: number
  readonly type: EnvelopeType
  readonly flags: number
  readonly sid: Uint8Array
  readonly msgId: Uint8Array
  readonly senderUser: Uint8Array
  readonly senderDevice: number
  readonly recipientUser: Uint8Array
  readonly recipientDevice: number
  readonly sentAt: number
  /** Counts the sender's envelopes in the session from 1. */
  readonly seq: number
  /** Number of the root step that made the chain. */
  readonly epoch: number
  /** Length of the sender's chain before. */
  readonly pn: number
  /** Number within the chain, from 0. */
  readonly n: number
  /** The highest ekId received from the peer, 0 none. */
  readonly ekAck: number
  /** The sender's ratchet point, 65 bytes. */
  readonly dh: Uint8Array
  readonly salt: Uint8Array
  readonly commitment: Uint8Array
  /** Ciphertext and tag. */
  readonly ctLen: number
}
