import { ProtocolError, type ProtocolReason } from '@qsm/protocol'
import { AtRestError } from '../../at-rest/key-encryption-key.js'
import { openNote } from '../note.js'
import { openEnvelope } from './open-envelope.js'
import { keepOpened, moveOpened } from './opened-texts.js'
import { type MailboxEntry, quarantine, type Reading } from './reading.js'
import { markSeen, wasSeen } from './seen.js'
import { takeContent } from './take-content.js'

/** Repeats are known by their erased key; the mark tells them from what never opened. */
const signsOfRepeat: ReadonlySet<ProtocolReason> = new Set(['key_gone', 'begun_before', 'unknown_prekey'])

const keyOf = (entry: MailboxEntry) => ({
  sender: { userId: entry.sender_user_id, deviceId: entry.sender_device_id },
  messageId: entry.message_id,
})

const repeat = async ({ scope, epoch }: Reading, entry: MailboxEntry): Promise<void> =>
  moveOpened(scope, keyOf(entry), { epoch, sequence: entry.sequence, receivedAt: entry.received_at })

/** What the device itself has sent. */
const takeNote = async (reading: Reading, entry: MailboxEntry): Promise<void> => {
  const { scope, epoch } = reading
  const key = keyOf(entry)
  const { toUserId, text, isCritical } = openNote(scope.dataKey, key.messageId, entry.envelope)
  const isOwn = key.sender.userId === scope.userId && key.sender.deviceId === scope.row.deviceId
  if (!isOwn) return quarantine(reading, entry, 'address')
  if (!(await markSeen(scope, key))) return repeat(reading, entry)
  const place = { ...key, epoch, sequence: entry.sequence, peerUserId: toUserId, receivedAt: entry.received_at }
  return keepOpened(scope, place, text, isCritical)
}

const takeEnvelope = async (reading: Reading, entry: MailboxEntry): Promise<boolean> => {
  const result = await openEnvelope(reading, entry)
  if (result.kind === 'waits') return false
  if (result.kind === 'unknown') await quarantine(reading, entry, result.reason)
  else await takeContent(reading, entry, result)
  return true
}

/**
 * Takes one entry of the mailbox. What cannot be opened goes into quarantine, so that it holds up nothing. False where it
 * has to wait for the answers to own requests; nothing is changed then.
 */
export const takeEntry = async (reading: Reading, entry: MailboxEntry): Promise<boolean> => {
  try {
    if (!entry.is_note) return await takeEnvelope(reading, entry)
    await takeNote(reading, entry)
  } catch (error) {
    if (error instanceof AtRestError) {
      reading.scope.counters.atRestFailures.inc({ reason: error.reason })
      await quarantine(reading, entry, error.reason)
      return true
    }
    if (!(error instanceof ProtocolError) || error.code === 'usage') throw error
    const isRepeat = signsOfRepeat.has(error.reason) && (await wasSeen(reading.scope, keyOf(entry)))
    if (isRepeat) await repeat(reading, entry)
    else await quarantine(reading, entry, error.reason)
  }
  return true
}
