import { describe, expect, test } from 'vitest'
import { checkHistory, type HistoryEvent } from './checker.js'

const sent = (text: string, from = 'alice', to = 'bob'): readonly HistoryEvent[] => [
  { type: 'send-start', from, to, text },
  { type: 'acknowledged', text, messageId: `id of ${text}` },
]
const seen = (text: string, from = 'alice', by = 'bob'): HistoryEvent => ({ type: 'seen', from, by, text })
const none = { lost: [], doubled: [], phantom: [], reordered: [], acknowledgedUnstored: [] }

describe('the checker of histories', () => {
  test('finds nothing where each message is seen once and in order', () => {
    const history = [
      ...sent('1'),
      ...sent('x', 'bob', 'alice'),
      seen('1'),
      ...sent('2'),
      seen('x', 'bob', 'alice'),
      seen('2'),
    ]
    expect(checkHistory(history, new Set(['id of 1', 'id of 2', 'id of x']))).toEqual(none)
  })

  test('lets a send that was given up arrive or not', () => {
    const given: HistoryEvent = { type: 'given-up', text: '1' }
    const start: HistoryEvent = { type: 'send-start', from: 'alice', to: 'bob', text: '1' }
    expect(checkHistory([start, given])).toEqual(none)
    expect(checkHistory([start, given, seen('1')])).toEqual(none)
  })

  test.each<[keyof typeof none, readonly HistoryEvent[]]>([
    ['lost', [...sent('1'), ...sent('2'), seen('1')]],
    ['doubled', [...sent('2'), seen('2'), seen('2')]],
    ['phantom', [seen('2')]],
    ['phantom', [...sent('2', 'carol', 'bob'), seen('2', 'alice', 'bob')]],
    ['reordered', [...sent('2'), ...sent('3'), seen('3'), seen('2')]],
  ])('finds what is %s', (fault, history) => {
    expect(checkHistory(history)).toEqual({ ...none, [fault]: ['2'] })
  })

  test('finds what was acknowledged before it was stored', () => {
    const history = [...sent('1'), ...sent('2'), seen('1'), seen('2')]
    expect(checkHistory(history, new Set(['id of 1']))).toEqual({ ...none, acknowledgedUnstored: ['2'] })
  })
})
