/** Offsets and sizes of an envelope (docs/protocol.md section 6). */
export const headerBytes = 226
export const aadHeaderBytes = 190
export const tagBytes = 16
export const paddingBlockBytes = 256
export const maxEnvelopeBytes = 98_304
export const prekeyBlockHeadBytes = 4 + 1 + 1088 + 4 + 1184
export const ekBlockBytes = 4 + 1184
export const ctBlockBytes = 4 + 1088

export const envelopeTypes = Object.freeze({ message: 1, control: 2 } as const)
export type EnvelopeType = (typeof envelopeTypes)[keyof typeof envelopeTypes]

export const flags = Object.freeze({ hasEk: 1, hasCt: 2, managed: 4, prekey: 8 } as const)
export const knownFlags = 15

/** The fixed part of an envelope. */
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
  readonly seq: number
  readonly epoch: number
  readonly pn: number
  readonly n: number
  readonly ekAck: number
  readonly dh: Uint8Array
  readonly salt: Uint8Array
  readonly commitment: Uint8Array
  readonly ctLen: number
}
