import type { HistoryEvent } from './events.js'

/** A message as the table of what was stored has it. */
export interface StoredMessage {
  readonly messageId: string
  /** When its transaction committed, milliseconds since 1970. */
  readonly committedAt: number
  /** Under which number it lies in the mailbox of each device. */
  readonly places: readonly { readonly mailbox: string; readonly sequence: number }[]
}

/** What is read to the millisecond may be up to one later. */
const clockStepMs = 1

/** Numbers that were committed after a higher one of the same mailbox: a reader may have passed them. */
const lateIn = (stored: readonly StoredMessage[]): readonly string[] => {
  const highest = new Map<string, number>()
  const late = new Set<string>()
  const rows = stored.flatMap(({ messageId, committedAt, places }) =>
    places.map(place => ({ messageId, committedAt, ...place })),
  )
  // What was committed together became visible together.
  rows.sort((a, b) => a.committedAt - b.committedAt || a.sequence - b.sequence)
  for (const { messageId, mailbox, sequence } of rows) {
    const before = highest.get(mailbox) ?? 0
    if (sequence < before) late.add(messageId)
    highest.set(mailbox, Math.max(before, sequence))
  }
  return [...late]
}

/**
 * Holds a history against the table of what was stored. Ids: acknowledged and not stored by then (`earlyIds`), come to a
 * device and not stored (`unknownIds`), stored late under an early number (`lateIds`).
 */
export const checkStored = (history: readonly HistoryEvent[], stored: readonly StoredMessage[]) => {
  const committedAt = new Map(stored.map(message => [message.messageId, message.committedAt]))
  const earlyIds: string[] = []
  const unknownIds = new Set<string>()
  for (const event of history) {
    if (event.type === 'arrived' && !committedAt.has(event.messageId)) unknownIds.add(event.messageId)
    if (event.type !== 'acknowledged') continue
    const at = committedAt.get(event.messageId)
    if (at === undefined || at > event.at + clockStepMs) earlyIds.push(event.messageId)
  }
  return { earlyIds, unknownIds: [...unknownIds], lateIds: lateIn(stored) }
}
