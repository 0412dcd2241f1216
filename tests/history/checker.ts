import { checkStored, type StoredMessage } from './check-stored.js'
import type { HistoryEvent } from './events.js'

/** What went wrong, by kind: texts, each of which is sent once in a whole history, and ids of what has no text here. */
export interface Verdict {
  /** Acknowledged, and never seen. */
  readonly lost: readonly string[]
  /** Seen more than once, or come to one device under two numbers: stored twice. */
  readonly doubled: readonly string[]
  /** Seen, and never sent by that user to that user; or come, and never stored. */
  readonly phantom: readonly string[]
  /** Seen before something that its sender had sent earlier to the same user, or stored late under an early number. */
  readonly reordered: readonly string[]
  /** Numbers of a mailbox that were passed over: `NAME: FROM to TO`. */
  readonly gaps: readonly string[]
  /** Acknowledged while the table of what was stored did not have it: it got it later, or never. */
  readonly acknowledgedEarly: readonly string[]
}

export const faultKinds = ['lost', 'doubled', 'phantom', 'reordered', 'gaps', 'acknowledgedEarly'] as const

const keyOf = (from: string, to: string): string => `${from} → ${to}`

const push = (lists: Map<string, string[]>, key: string, text: string) => {
  const list = lists.get(key)
  if (list) list.push(text)
  else lists.set(key, [text])
}

/** What each application saw, against what was sent. */
const checkSeen = (history: readonly HistoryEvent[]) => {
  const sent = new Map<string, string[]>()
  const seen = new Map<string, string[]>()
  for (const event of history) {
    if (event.type === 'send-start') push(sent, keyOf(event.from, event.to), event.text)
    if (event.type === 'seen') push(seen, keyOf(event.from, event.by), event.text)
  }
  const found = { doubled: [] as string[], phantom: [] as string[], reordered: [] as string[] }
  for (const [key, texts] of seen) {
    const places = new Map((sent.get(key) ?? []).map((text, place) => [text, place]))
    const before = new Set<string>()
    let highest = -1
    for (const text of texts) {
      const place = places.get(text)
      if (place === undefined) found.phantom.push(text)
      else if (before.has(text)) found.doubled.push(text)
      else if (place < highest) found.reordered.push(text)
      else highest = place
      before.add(text)
    }
  }
  return { ...found, all: new Set([...seen.values()].flat()) }
}

/** What came to each device, by its numbers: from 1 on, each the next one or one that came before. */
const checkArrived = (history: readonly HistoryEvent[]) => {
  const highest = new Map<string, number>()
  const numbers = new Map<string, number>()
  const doubledIds = new Set<string>()
  const gaps: string[] = []
  for (const event of history) {
    if (event.type !== 'arrived') continue
    const { by, sequence, messageId } = event
    const before = highest.get(by) ?? 0
    if (sequence > before + 1) gaps.push(`${by}: ${before + 1} to ${sequence - 1}`)
    highest.set(by, Math.max(before, sequence))
    const key = keyOf(messageId, by)
    if ((numbers.get(key) ?? sequence) !== sequence) doubledIds.add(messageId)
    numbers.set(key, sequence)
  }
  return { gaps, doubledIds: [...doubledIds] }
}

/**
 * Holds a history against the promises of delivery: each acknowledged message was stored, and is seen exactly once and in
 * the order of its sender. `stored` is the table of what was stored, where it is known.
 */
export const checkHistory = (history: readonly HistoryEvent[], stored?: readonly StoredMessage[]): Verdict => {
  const acknowledged = history.filter(event => event.type === 'acknowledged')
  const texts = new Map(acknowledged.map(({ messageId, text }) => [messageId, text]))
  const named = (ids: readonly string[]) => ids.map(id => texts.get(id) ?? id)
  const seen = checkSeen(history)
  const arrived = checkArrived(history)
  const table = stored && checkStored(history, stored)
  const together = (some: readonly string[], ids: readonly string[] = []) => [...new Set([...some, ...named(ids)])]
  return {
    lost: acknowledged.filter(({ text }) => !seen.all.has(text)).map(({ text }) => text),
    doubled: together(seen.doubled, arrived.doubledIds),
    phantom: together(seen.phantom, table?.unknownIds),
    reordered: together(seen.reordered, table?.lateIds),
    gaps: arrived.gaps,
    acknowledgedEarly: named(table?.earlyIds ?? []),
  }
}
