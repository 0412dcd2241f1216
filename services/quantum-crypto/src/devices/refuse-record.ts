import { ProtocolError, type ProtocolReason } from '@qsm/protocol'
import { QsmError } from '@qsm/server-kit'

/** Causes that are not told apart: whoever tries keys and signatures learns nothing from the answer. */
const cryptographic: ReadonlySet<ProtocolReason> = new Set(['signature', 'key', 'kem_key', 'identity', 'confirmation'])

/** Runs what judges a record that came from outside: a refusal of the protocol becomes `record_refused` for `field`. */
export const judged = async <T>(field: string, judge: () => T | Promise<T>): Promise<T> => {
  try {
    return await judge()
  } catch (cause) {
    if (!(cause instanceof ProtocolError) || cause.code === 'usage') throw cause
    const text = cryptographic.has(cause.reason) ? undefined : `${field}: ${cause.message}.`
    throw new QsmError('record_refused', text, { details: { field }, cause })
  }
}
