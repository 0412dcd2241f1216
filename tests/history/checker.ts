/** What clients wrote down, in the order in which it happened to each. */
export type HistoryEvent =
  | { readonly type: 'send-start'; readonly from: string; readonly to: string; readonly text: string }
  /** The server has said that it is stored. */
  | { readonly type: 'acknowledged'; readonly text: string; readonly messageId: string }
  /** The send was given up: it may have arrived or not. */
  | { readonly type: 'given-up'; readonly text: string }
  /** The application has seen it. */
  | { readonly type: 'seen'; readonly from: string; readonly by: string; readonly text: string }

/** Texts, each of which is sent once in a whole history, by what went wrong with them. */
export interface Verdict {
  /** Acknowledged, and never seen. */
  readonly lost: readonly string[]
  /** Seen more than once. */
  readonly doubled: readonly string[]
  /** Seen, and never sent by that user to that user. */
  readonly phantom: readonly string[]
  /** Seen before something that its sender had sent earlier to the same user. */
  readonly reordered: readonly string[]
  /** Acknowledged while the table of what was stored does not have it. */
  readonly acknowledgedUnstored: readonly string[]
}

const keyOf = (from: string, to: string): string => `${from} → ${to}`

const push = (lists: Map<string, string[]>, key: string, text: string) => {
  const list = lists.get(key)
  if (list) list.push(text)
  else lists.set(key, [text])
}

/**
 * Holds a history against the promises of delivery: each acknowledged message is seen exactly once and in the order of its
 * sender. `stored` are the message ids in the database, where they are known.
 */
export const checkHistory = (history: readonly HistoryEvent[], stored?: ReadonlySet<string>): Verdict => {
  const sent = new Map<string, string[]>()
  const seen = new Map<string, string[]>()
  const acknowledged = new Map<string, string>()
  for (const event of history) {
    if (event.type === 'send-start') push(sent, keyOf(event.from, event.to), event.text)
    if (event.type === 'seen') push(seen, keyOf(event.from, event.by), event.text)
    if (event.type === 'acknowledged') acknowledged.set(event.text, event.messageId)
  }
  const seenAtAll = new Set([...seen.values()].flat())
  const verdict = { doubled: [] as string[], phantom: [] as string[], reordered: [] as string[] }
  for (const [key, texts] of seen) {
    const places = new Map((sent.get(key) ?? []).map((text, place) => [text, place]))
    const before = new Set<string>()
    let highest = -1
    for (const text of texts) {
      const place = places.get(text)
      if (place === undefined) verdict.phantom.push(text)
      else if (before.has(text)) verdict.doubled.push(text)
      else if (place < highest) verdict.reordered.push(text)
      else highest = place
      before.add(text)
    }
  }
  return {
    lost: [...acknowledged.keys()].filter(text => !seenAtAll.has(text)),
    acknowledgedUnstored: [...acknowledged].filter(([, id]) => stored && !stored.has(id)).map(([text]) => text),
    ...verdict,
  }
}
