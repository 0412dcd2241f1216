import { ProtocolError, type ProtocolReason } from '@qsm/protocol'
import { QsmError } from '@qsm/server-kit'

/** Causes that are not told apart: whoever tries keys and signatures learns nothing from the answer. */
const cryptographic: ReadonlySet<ProtocolReason> = new Set(['signature', 'key', 'kem_key', 'identity', 'confirmation'])

/** A record that is not taken, for a cause that may be told: `field` names the record, `reason` what is wrong with it. */
export const recordRefused = (field: string, reason: string): QsmError =>
  new QsmError('record_refused', `${field}: ${reason}`, { details: { field } })

/**
 * Runs what reads and verifies a record. A refusal of the protocol becomes `record_refused`: form, lengths, ids and times
 * are told, every cryptographic cause has one text. Other errors go through.
 */
export const judgeRecord = async <T>(field: string, judge: () => Promise<T>): Promise<T> => {
  try {
    return await judge()
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    const text = cryptographic.has(cause.reason) ? undefined : `${field}: ${cause.message}.`
    throw new QsmError('record_refused', text, { details: { field }, cause })
  }
}
