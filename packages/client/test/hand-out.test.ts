import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createSigns } from '../src/live/signs.js'
import { createHandOut } from '../src/receive/hand-out.js'
import { createInbox, putIncoming } from '../src/receive/inbox.js'
import { memoryStore } from '../src/store/memory-store.js'

const setUp = () => {
  const store = memoryStore()
  const signs = createSigns()
  const inbox = createInbox(store)
  const handOut = createHandOut({ store, inbox, signs, onDone: async () => {}, ended: () => false })
  const put = (text: string) =>
    store.exclusive(transaction =>
      putIncoming(transaction, {
        id: text,
        from: 'bob',
        peer: 'bob',
        text,
        sentAt: 1,
        receivedAt: 2,
        verified: true,
        managed: false,
        importance: 'normal',
        isMine: false,
      }),
    )
  return { signs, handOut, put }
}

describe('the loop over messages', () => {
  it('leaves nothing behind on its signal, however many messages it hands out', async () => {
    const { signs, handOut, put } = setUp()
    const stop = new AbortController()
    const listeners = () => getEventListeners(stop.signal, 'abort').length
    for (let n = 0; n < 30; n += 1) await put(`text ${n}`)
    const whileWaiting: number[] = []
    const original = signs.after
    signs.after = (seen, signal) => {
      const waited = original(seen, signal)
      whileWaiting.push(listeners())
      void put('the last').then(signs.give)
      return waited
    }
    const texts: string[] = []
    for await (const { text } of handOut.follow({ signal: stop.signal })) {
      texts.push(text)
      expect(listeners()).toBe(0)
      if (texts.length === 31) stop.abort()
    }
    expect(texts.at(-1)).toBe('the last')
    expect([...whileWaiting, listeners()]).toEqual([1, 0])
  })

  it('misses no sign that is given between its look and its wait', async () => {
    const { signs, handOut, put } = setUp()
    const stop = new AbortController()
    const texts: string[] = []
    const original = signs.after
    signs.after = async (seen, signal) => {
      signs.after = original
      await put('just then')
      signs.give()
      return original(seen, signal)
    }
    for await (const { text } of handOut.follow({ signal: stop.signal })) {
      texts.push(text)
      stop.abort()
    }
    expect(texts).toEqual(['just then'])
  })
})
