/**
 * `malformed`: bytes that are no such record or envelope. `refused`: well-formed, but not to be taken (signature, key,
 * identity, time, repeat). `usage`: the caller asked for what cannot be.
 */
export type ProtocolErrorKind = 'malformed' | 'refused' | 'usage'

/** A refusal of QSM/1. The text is for logs of the own side; servers answer one text for all cryptographic causes. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly kind: ProtocolErrorKind

  constructor(kind: ProtocolErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

export const malformed = (message: string): ProtocolError => new ProtocolError('malformed', message)
export const refused = (message: string): ProtocolError => new ProtocolError('refused', message)
