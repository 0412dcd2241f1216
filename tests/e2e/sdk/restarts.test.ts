import { type Message, memoryStore, type Store } from '@qsm/client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPeople, newName, receiveAll, type SdkServer, startSdkServer } from '../../support/sdk.js'

let server: SdkServer
const people = createPeople(() => server.url)

beforeAll(async () => {
  server = await startSdkServer()
}, 60_000)
afterEach(() => people.closeAll())
afterAll(() => server.end())

/** Alice has begun with Bob by prekeys, and Bob's client is closed. */
const beginWithBob = async () => {
  const [aliceName, bobName] = [newName('alice'), newName('bob')]
  const bobStore = memoryStore()
  const alice = await people.register(aliceName)
  const bob = await people.register(bobName, { store: bobStore })
  await alice.start(bobName)
  await bob.close()
  return { alice, aliceName, bobName, bobStore }
}

/** Opens a client on a store, looks at it, and leaves it without closing, as a process that is killed. */
const killAfter = async (store: Store, until: (message: Message) => boolean): Promise<readonly string[]> => {
  const client = await people.resume(store)
  const seen: string[] = []
  const loop = client.receive()
  for (let next = await loop.next(); !next.done; next = await loop.next()) {
    seen.push(next.value.text)
    if (until(next.value)) break // Without return(): nobody says that the message is done.
  }
  return seen
}

/** A store of the same values, as a new process finds it. */
const survivingCopy = async (store: Store): Promise<Store> => {
  const copy = memoryStore()
  const values = await store.exclusive(transaction => transaction.list(''))
  await copy.exclusive(async transaction => {
    for (const [key, value] of values) transaction.put(key, value)
  })
  return copy
}

describe('after a restart', () => {
  it('messages that were done do not come again, those that were not do, each with its id', async () => {
    const { alice, bobName, bobStore } = await beginWithBob()
    for (const text of ['one', 'two', 'three']) await alice.send(bobName, text)
    expect(await killAfter(bobStore, message => message.text === 'two')).toEqual(['one', 'two'])
    const bob = await people.resume(await survivingCopy(bobStore))
    const again = await receiveAll(bob)
    expect(again.map(message => message.text)).toEqual(['two', 'three'])
    expect(await receiveAll(bob)).toEqual([])
  })

  it('a message that was said to be done before a kill does not come again', async () => {
    const { alice, bobName, bobStore } = await beginWithBob()
    for (const text of ['one', 'two']) await alice.send(bobName, text)
    const first = await people.resume(bobStore)
    for await (const message of first.receive({ settle: 'manual' })) {
      if (message.text === 'one') await message.done()
    }
    const bob = await people.resume(await survivingCopy(bobStore))
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['two'])
  })

  it('envelopes that were kept and not acknowledged are not shown twice', async () => {
    const { alice, bobName, bobStore } = await beginWithBob()
    await alice.send(bobName, 'once')
    const cutOff: typeof fetch = async (url, init) => {
      if (String(url).endsWith('/api/messages/ack')) throw new TypeError('the cable was pulled')
      return fetch(url, init)
    }
    const first = await people.resume(bobStore, { fetch: (url, init) => cutOff(url, init) })
    await expect(receiveAll(first)).rejects.toMatchObject({ code: 'unreachable' })
    const bob = await people.resume(bobStore)
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['once'])
    expect(await bob.quarantined()).toEqual([])
  })

  it('a message whose answer was lost is sent again under its id and arrives once', async () => {
    const { alice, aliceName, bobName, bobStore } = await beginWithBob()
    await alice.close()
    const aliceStore = memoryStore()
    const writer = await people.login(aliceName, { store: aliceStore })
    const bob = await people.resume(bobStore)
    await bob.acceptIdentity(aliceName)
    await writer.start(bobName)
    await writer.send(bobName, 'first')
    await writer.close()
    let lost = 0
    const losing = async (url: string, init: RequestInit) => {
      const response = await fetch(url, init)
      if (!url.endsWith('/api/message/send')) return response
      lost += 1
      throw new TypeError('the answer was lost')
    }
    const cut = await people.resume(aliceStore, { fetch: losing, patienceMs: 300 })
    await expect(cut.send(bobName, 'second')).rejects.toMatchObject({ code: 'queued' })
    expect(lost).toBeGreaterThan(0)
    await cut.close()
    const again = await people.resume(aliceStore)
    await again.flush()
    await again.send(bobName, 'third')
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['first', 'second', 'third'])
  })
})

describe('while the server is away', () => {
  it('messages wait in the queue, over a restart of the client, and arrive in order and once', async () => {
    const own = await startSdkServer()
    const guests = createPeople(() => own.url)
    try {
      const [aliceName, bobName] = [newName('alice'), newName('bob')]
      const aliceStore = memoryStore()
      const alice = await guests.register(aliceName, { store: aliceStore, patienceMs: 200 })
      const bob = await guests.register(bobName)
      await alice.start(bobName)
      await alice.send(bobName, 'before')
      await own.stop()
      for (const text of ['one', 'two']) {
        await expect(alice.send(bobName, text)).rejects.toMatchObject({ code: 'queued' })
      }
      await alice.close()
      const later = await guests.resume(aliceStore, { patienceMs: 60_000 })
      const three = later.send(bobName, 'three')
      await own.start()
      await three
      expect((await receiveAll(bob)).map(message => message.text)).toEqual(['before', 'one', 'two', 'three'])
    } finally {
      await guests.closeAll()
      await own.end()
    }
  })

  it('a listening client waits, comes back by itself and misses nothing', async () => {
    const own = await startSdkServer()
    const guests = createPeople(() => own.url)
    try {
      const [aliceName, bobName] = [newName('alice'), newName('bob')]
      const alice = await guests.register(aliceName)
      const bob = await guests.register(bobName)
      await alice.start(bobName)
      const states: string[] = []
      bob.on('state', state => states.push(state))
      const received: string[] = []
      const all = new Promise<void>(resolve => {
        bob.on('message', message => {
          received.push(message.text)
          if (received.length === 4) resolve()
        })
      })
      await alice.send(bobName, 'one')
      await own.restart()
      for (const text of ['two', 'three']) await alice.send(bobName, text)
      await own.restart()
      await alice.send(bobName, 'four')
      await all
      expect(received).toEqual(['one', 'two', 'three', 'four'])
      expect(states.filter(state => state === 'open').length).toBeGreaterThan(1)
      expect(states).toContain('waiting')
    } finally {
      await guests.closeAll()
      await own.end()
    }
  })
})

describe('two clients on one store', () => {
  it('take turns: one listens while the other sends', async () => {
    const { alice, aliceName, bobName, bobStore } = await beginWithBob()
    const listener = await people.resume(bobStore)
    const writer = await people.resume(bobStore)
    const received: string[] = []
    const three = new Promise<void>(resolve => {
      listener.on('message', message => {
        received.push(message.text)
        if (received.length === 3) resolve()
      })
    })
    for (const round of [1, 2, 3]) {
      await alice.send(bobName, `to bob ${round}`)
      if (round > 1) await writer.send(aliceName, `to alice ${round}`)
      else await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1)
    }
    await three
    expect(received).toEqual(['to bob 1', 'to bob 2', 'to bob 3'])
    expect((await receiveAll(alice)).map(message => message.text)).toEqual(['to alice 2', 'to alice 3'])
  })

  it('do not show a message twice: the second one that would receive is told who does', async () => {
    const { bobStore } = await beginWithBob()
    const listener = await people.resume(bobStore)
    listener.on('message', () => {})
    const second = await people.resume(bobStore)
    await expect
      .poll(() =>
        receiveAll(second).then(
          () => null,
          error => error.code,
        ),
      )
      .toBe('store_in_use')
  })
})
