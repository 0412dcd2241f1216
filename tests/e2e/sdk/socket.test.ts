import { memoryStore, type QsmClient, type Store } from '@qsm/client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import {
  createPeople,
  newName,
  password,
  receiveAll,
  type SdkServer,
  startSdkServer,
  takeMessages,
  welcoming,
} from '../../support/sdk.js'

let server: SdkServer
const people = createPeople(() => server.url)

beforeAll(async () => {
  server = await startSdkServer()
}, 60_000)
afterEach(() => people.closeAll())
afterAll(() => server.end())

const recorded = () => {
  const paths: string[] = []
  const through = (url: string, init: RequestInit) => {
    paths.push(`${init.method} ${new URL(url).pathname}`)
    return fetch(url, init)
  }
  return { paths, through }
}

const stateOf = (client: QsmClient, wanted: string): Promise<string | undefined> =>
  new Promise(resolve => {
    client.on('state', (state, reason) => {
      if (state === wanted) resolve(reason)
    })
  })

const copyOf = async (store: Store): Promise<Store> => {
  const copy = memoryStore()
  const values = await store.exclusive(transaction => transaction.list(''))
  await copy.exclusive(async transaction => {
    for (const [key, value] of values) transaction.put(key, value)
  })
  return copy
}

describe('a client that is online', () => {
  it('sends over its socket', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const { paths, through } = recorded()
    const alice = welcoming(await people.register(aliceName, { fetch: through }))
    const bob = welcoming(await people.register(bobName))
    await bob.connect(aliceName)
    paths.length = 0
    await bob.send(aliceName, 'ready?')
    await takeMessages(alice, 1)
    await alice.send(bobName, 'over the socket')
    expect(paths).not.toContain('POST /api/message/send')
    expect(await takeMessages(bob, 1)).toMatchObject([{ text: 'over the socket' }])
  })

  it('is refused over its socket as by a request', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = welcoming(await people.register(aliceName))
    const bob = welcoming(await people.register(bobName))
    await alice.connect(bobName)
    await bob.block(aliceName)
    await expect(alice.send(bobName, 'no')).rejects.toMatchObject({ code: 'blocked', status: 403 })
  })

  it('reads a backlog of several pages in order over its socket', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const store = memoryStore()
    const alice = await people.register(aliceName)
    const bob = welcoming(await people.register(bobName, { store }))
    await alice.connect(bobName)
    await bob.close()
    const texts = Array.from({ length: 130 }, (_, index) => `message ${index}`)
    await Promise.all(texts.map(text => alice.send(bobName, text)))
    const { paths, through } = recorded()
    const again = await people.resume(store, { fetch: through })
    expect((await takeMessages(again, 130)).map(message => message.text)).toEqual(texts)
    expect(paths).not.toContain('GET /api/messages')
  })

  it('opens its socket by a ticket where the platform sends no headers', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const { paths, through } = recorded()
    const { WebSocket: ofPlatform } = globalThis
    Object.assign(globalThis, { WebSocket })
    try {
      const alice = await people.register(aliceName)
      const bob = await people.register(bobName, { openSocket: undefined, fetch: through })
      await alice.start(bobName)
      await alice.send(bobName, 'hello')
      expect(await takeMessages(bob, 1)).toMatchObject([{ text: 'hello' }])
      expect(paths).toContain('POST /api/ws/ticket')
    } finally {
      if (ofPlatform) Object.assign(globalThis, { WebSocket: ofPlatform })
      else Reflect.deleteProperty(globalThis, 'WebSocket')
    }
  })
})

describe('a client without a socket', () => {
  it('polls where the platform has none', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const { WebSocket: ofPlatform } = globalThis
    Reflect.deleteProperty(globalThis, 'WebSocket')
    try {
      const bob = await people.register(bobName, { openSocket: undefined })
      const polling = stateOf(bob, 'open')
      await alice.start(bobName)
      await alice.send(bobName, 'hello')
      expect(await takeMessages(bob, 1)).toMatchObject([{ text: 'hello' }])
      expect(await polling).toBe('polling')
    } finally {
      if (ofPlatform) Object.assign(globalThis, { WebSocket: ofPlatform })
    }
  })

  it('polls where the server has switched them off', async () => {
    const own = await startSdkServer({ ENABLE_WEBSOCKET: 'false' })
    const guests = createPeople(() => own.url)
    try {
      const [aliceName, bobName] = [newName('alice'), newName('bob')]
      const alice = await guests.register(aliceName)
      const bob = welcoming(await guests.register(bobName))
      const polling = stateOf(bob, 'open')
      await alice.connect(bobName)
      expect(await polling).toBe('polling')
    } finally {
      await guests.closeAll()
      await own.end()
    }
  })
})

describe('what ends a socket for good', () => {
  it('is another socket of the same device; the loop says why', async () => {
    const store = memoryStore()
    const name = newName('alice')
    const alice = await people.register(name, { store })
    const open = stateOf(alice, 'open')
    const loop = alice.messages()
    const ended = expect(loop.next()).rejects.toMatchObject({ code: 'displaced' })
    await open
    const stopped = stateOf(alice, 'stopped')
    const copy = await people.resume(await copyOf(store))
    copy.on('request', () => {})
    expect(await stopped).toContain('Another socket')
    await ended
  })

  it('is the end of the login session', async () => {
    const name = newName('alice')
    const alice = await people.register(name)
    const open = stateOf(alice, 'open')
    const ended = expect(alice.messages().next()).rejects.toMatchObject({ code: 'not_logged_in' })
    await open
    const other = await people.login(name)
    await other.changePassword(password, 'another horse battery')
    await ended
    await expect(alice.send(newName('bob'), 'hi')).rejects.toMatchObject({ code: 'not_logged_in' })
  })

  it('is the removal of the device', async () => {
    const name = newName('alice')
    const alice = await people.register(name)
    const open = stateOf(alice, 'open')
    const ended = expect(alice.messages().next()).rejects.toMatchObject({ code: 'device_removed' })
    await open
    const [device] = await alice.devices()
    await (await people.login(name)).removeDevice(device?.device_id ?? 0)
    await ended
  })

  it('is not the closing of the client: the loop just ends', async () => {
    const alice = await people.register(newName('alice'))
    const next = alice.messages().next()
    await alice.close()
    expect(await next).toEqual({ done: true, value: undefined })
    await expect(alice.send('anybody', 'hi')).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('a mailbox that is not whole', () => {
  const conversation = async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const bob = await people.register(bobName)
    await alice.start(bobName)
    await alice.send(bobName, 'first')
    await receiveAll(bob)
    return { alice, bob, bobName }
  }

  it('is told as a gap, and what is behind it is read', async () => {
    const { alice, bob, bobName } = await conversation()
    const gaps: unknown[] = []
    bob.on('gap', gap => gaps.push(gap))
    for (const text of ['lost', 'also lost', 'kept']) await alice.send(bobName, text)
    await server.sql('DELETE FROM message.entry WHERE user_id = $1 AND sequence IN (2, 3)', [bob.userId])
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['kept'])
    expect(gaps).toEqual([{ after: 1, next: 4 }])
  })

  it('is read again from the start where it counts anew, and shows nothing twice', async () => {
    const { alice, bob, bobName } = await conversation()
    const resets: unknown[] = []
    bob.on('mailbox-reset', reset => resets.push(reset))
    await alice.send(bobName, 'second')
    const rows = await server.sql('SELECT * FROM message.entry WHERE user_id = $1', [bob.userId])
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['second'])
    // As after a restore: the acknowledged entry is back, under another epoch.
    await server.sql('UPDATE message.mailbox SET epoch = 77, acked_sequence = 1 WHERE user_id = $1', [bob.userId])
    const columns = Object.keys(rows[0] ?? {})
    const marks = columns.map((_, index) => `$${index + 1}`).join(', ')
    await server.sql(
      `INSERT INTO message.entry (${columns.join(', ')}) VALUES (${marks})`,
      Object.values(rows[0] ?? {}),
    )
    await alice.send(bobName, 'third')
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['third'])
    expect(resets).toEqual([{ epoch: 77 }])
    expect(await bob.quarantined()).toEqual([])
  })

  it('keeps aside what cannot be opened, says so, and goes on', async () => {
    const { alice, bob, bobName } = await conversation()
    const reports: unknown[] = []
    bob.on('undecryptable', report => reports.push(report))
    for (const text of ['damaged', 'whole']) await alice.send(bobName, text)
    await server.sql(
      'UPDATE message.entry SET envelope = set_byte(envelope, 300, 255 - get_byte(envelope, 300)) WHERE user_id = $1 AND sequence = 2',
      [bob.userId],
    )
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['whole'])
    expect(reports).toMatchObject([{ sequence: 2, reason: expect.stringContaining('signature') }])
    expect(await bob.quarantined()).toMatchObject([{ sequence: 2 }])
    await bob.clearQuarantine()
    expect(await bob.quarantined()).toEqual([])
  })
})
