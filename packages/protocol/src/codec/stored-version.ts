import { malformed } from '../errors.js'
import type { Reader } from './reader.js'

/**
 * Reads the version at the head of stored bytes. Throws `malformed` for any but `known`, and says what to do: nothing of a
 * state may be guessed, since a session that goes on from a wrong state loses messages or uses a key twice.
 */
export const readStoredVersion = (reader: Reader, known: number, what: string): void => {
  const found = reader.u8('version')
  if (found === known) return
  throw malformed(
    found === 0
      ? `${what} is damaged: its version is 0. Put the store back from a backup, or set this device up anew.`
      : `${what} has the unknown version ${found}, and this program reads version ${known}. ` +
          'Use the version of QSM that wrote it, or a newer one; the stored bytes were left as they are.',
  )
}
