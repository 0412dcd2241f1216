import { type CloseCode, closeCodes, standardCloseCodes } from '@qsm/contract'
import { QsmClientError } from '../errors.js'

const all: readonly CloseCode[] = [...Object.values(closeCodes), ...standardCloseCodes]

/** After a close code that is not to be followed by another attempt: what happened, and what to do. */
export const stoppedBy = (code: number, reason: string): QsmClientError => {
  const known = all.find(entry => entry.code === code)
  const text = known ? known.meaning : `The server has closed the socket (${code} ${reason}).`
  switch (code) {
    case closeCodes.sessionEnded.code:
      return new QsmClientError(
        'not_logged_in',
        `${text} Log in again: keys, sessions and messages of this device stay.`,
      )
    case closeCodes.displaced.code:
      return new QsmClientError(
        'displaced',
        `${text} Close that other client of this store, or use one store for each.`,
      )
    case closeCodes.deviceRemoved.code:
      return new QsmClientError('device_removed', `${text} Log in with an empty store to register a new device.`)
    case closeCodes.accountGone.code:
      return new QsmClientError('account_gone', text)
    default:
      return new QsmClientError('closed', `${text} Update this client, or report it.`)
  }
}

/** Failures after which trying again by itself is of no use. */
export const isFinal = (error: unknown): error is QsmClientError =>
  error instanceof QsmClientError &&
  ['not_logged_in', 'device_removed', 'displaced', 'account_gone', 'closed', 'store_damaged'].includes(error.code)
