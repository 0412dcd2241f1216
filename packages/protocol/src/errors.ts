/**
 * Closed set of what can go wrong. `usage`: the caller asked for what cannot be. `malformed`: bytes that are no such record,
 * envelope or stored state. `refused`: well formed, but not to be taken. `envelope_refused`: an envelope that is not to be
 * taken, for whatever cause; it has one text, so that nothing outside can tell the causes apart.
 */
export type ProtocolErrorCode = 'usage' | 'malformed' | 'refused' | 'envelope_refused'

/** Why. For tests, counters and the log of the own side; it never travels to a peer. */
export type ProtocolReason =
  | 'usage'
  | 'state_conflict' // a state was changed by another writer meanwhile
  | 'form' // lengths, versions, flags, bytes behind the end
  | 'suite'
  | 'time' // expired, or too far in the future
  | 'identity' // another identity key, suites or flags than those that were pinned
  | 'address' // of or for another user, device, request or session
  | 'key' // a public key that nobody may use
  | 'signature'
  | 'confirmation'
  | 'answered' // a request is answered once
  | 'unknown_session'
  | 'unknown_prekey'
  | 'begun_before' // a last-resort prekey begins no session twice
  | 'key_gone' // opened before, or its key was too old to keep
  | 'too_many_skipped'
  | 'out_of_turn' // a new chain, or the end of one, that the ratchet does not expect
  | 'chain' // another epoch or ct than that of its chain
  | 'kem_key' // made to, or naming, a key that is not held
  | 'commitment'
  | 'tag'
  | 'content' // a body apart or own copy that is none

/** A refusal of QSM/1. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode
  readonly reason: ProtocolReason

  constructor(code: ProtocolErrorCode, message: string, reason: ProtocolReason = code === 'usage' ? 'usage' : 'form') {
    super(message)
    this.code = code
    this.reason = reason
  }
}

export const usage = (message: string): ProtocolError => new ProtocolError('usage', message)
export const malformed = (message: string): ProtocolError => new ProtocolError('malformed', message)
export const refused = (reason: ProtocolReason, message: string): ProtocolError =>
  new ProtocolError('refused', message, reason)

const envelopeText = 'The envelope was refused.'

/** What the outside sees of a refused envelope; errors that are no refusal (a broken platform) go through unchanged. */
export const asEnvelopeRefusal = (error: unknown): unknown =>
  error instanceof ProtocolError && error.code !== 'usage'
    ? new ProtocolError('envelope_refused', envelopeText, error.reason)
    : error
