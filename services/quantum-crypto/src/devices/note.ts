import { decodeBase64, encodeBase64 } from '@qsm/contract'
import type { DataKey } from '../at-rest/data-key.js'
import { openJson, sealJson } from './sealed-json.js'

/** What the managed device has sent, in the order of its own mailbox. */
export interface Note {
  readonly toUserId: string
  readonly text: string
  readonly isCritical: boolean
}

const placeOf = (messageId: string) => ['note', messageId] as const

/** The note of a message as an entry of the own mailbox: sealed under the data key, bound to the message. */
export const sealNote = (dataKey: DataKey, messageId: string, note: Note): string =>
  encodeBase64(sealJson(dataKey, placeOf(messageId), note))

/** Throws `AtRestError` for anything but a note of this device about this message. */
export const openNote = (dataKey: DataKey, messageId: string, sealed: string): Note =>
  openJson<Note>(dataKey, placeOf(messageId), decodeBase64(sealed))
