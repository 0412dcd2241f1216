import { describe, expect, test } from 'vitest'
import type { StoredMessage } from './check-stored.js'
import { checkHistory, type Verdict } from './checker.js'
import type { HistoryEvent } from './events.js'

const sent = (text: string, from = 'alice', to = 'bob', at = 10): readonly HistoryEvent[] => [
  { type: 'send-start', from, to, text },
  { type: 'acknowledged', text, messageId: `id of ${text}`, at },
]
const seen = (text: string, from = 'alice', by = 'bob'): HistoryEvent => ({ type: 'seen', from, by, text })
const arrived = (text: string, sequence: number, by = 'bob'): HistoryEvent => ({
  type: 'arrived',
  by,
  sequence,
  messageId: `id of ${text}`,
})
const stored = (text: string, sequence: number, committedAt = 10): StoredMessage => ({
  messageId: `id of ${text}`,
  committedAt,
  places: [{ mailbox: 'bob', sequence }],
})
const none: Verdict = { lost: [], doubled: [], phantom: [], reordered: [], gaps: [], acknowledgedEarly: [] }
const two = [...sent('1'), ...sent('2'), seen('1'), seen('2')]

describe('the checker of histories', () => {
  test('finds nothing where each message is seen once and in order', () => {
    const history = [
      ...sent('1'),
      arrived('1', 1),
      ...sent('x', 'bob', 'alice'),
      arrived('x', 1, 'alice'),
      seen('1'),
      ...sent('2'),
      seen('x', 'bob', 'alice'),
      arrived('1', 1), // Once more, as it was not acknowledged.
      arrived('2', 2),
      seen('2'),
    ]
    const x = { messageId: 'id of x', committedAt: 9, places: [{ mailbox: 'alice', sequence: 1 }] }
    // Two of one transaction; and the table may know of more than the history.
    expect(checkHistory(history, [stored('2', 2), x, stored('1', 1), stored('of nobody here', 3)])).toEqual(none)
  })

  test('lets a send that was given up arrive or not', () => {
    const given: HistoryEvent = { type: 'given-up', text: '1' }
    const start: HistoryEvent = { type: 'send-start', from: 'alice', to: 'bob', text: '1' }
    expect(checkHistory([start, given])).toEqual(none)
    expect(checkHistory([start, given, seen('1')])).toEqual(none)
  })

  test.each<[keyof Verdict, readonly HistoryEvent[]]>([
    ['lost', [...sent('1'), ...sent('2'), seen('1')]],
    ['doubled', [...sent('2'), seen('2'), seen('2')]],
    ['doubled', [...sent('2'), seen('2'), arrived('2', 1), arrived('2', 2)]],
    ['phantom', [seen('2')]],
    ['phantom', [...sent('2', 'carol', 'bob'), seen('2', 'alice', 'bob')]],
    ['reordered', [...sent('2'), ...sent('3'), seen('3'), seen('2')]],
  ])('finds what is %s', (fault, history) => {
    expect(checkHistory(history)).toEqual({ ...none, [fault]: ['2'] })
  })

  test('finds what was passed over', () => {
    expect(checkHistory([arrived('1', 2), arrived('2', 3), arrived('3', 6)]).gaps).toEqual([
      'bob: 1 to 1',
      'bob: 4 to 5',
    ])
  })

  test.each<[string, keyof Verdict, readonly StoredMessage[]]>([
    ['was acknowledged and never stored', 'acknowledgedEarly', [stored('1', 1)]],
    ['was stored after it was acknowledged', 'acknowledgedEarly', [stored('1', 1), stored('2', 2, 13)]],
    ['was committed behind a higher number', 'reordered', [stored('1', 2, 7), stored('2', 1, 8)]],
  ])('finds what %s', (_, fault, table) => {
    expect(checkHistory(two, table)).toEqual({ ...none, [fault]: ['2'] })
  })

  test('finds what came and was never stored', () => {
    expect(checkHistory([...two, arrived('3', 1)], [stored('1', 1), stored('2', 2)])).toEqual({
      ...none,
      phantom: ['id of 3'],
    })
  })
})
