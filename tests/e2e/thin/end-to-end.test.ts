import type { QsmClient } from '@qsm/client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  createPeople,
  newName,
  type People,
  receiveAll,
  type SdkServer,
  startSdkServer,
  welcoming,
} from '../../support/sdk.js'
import { connectThin, loginThin, type ThinPerson, thinPerson } from '../../support/thin.js'

let server: SdkServer
let people: People

beforeAll(async () => {
  server = await startSdkServer()
  people = createPeople(() => server.url)
}, 60_000)
afterEach(() => people.closeAll())
afterAll(() => server.end())

const thin = (who?: string): Promise<ThinPerson> => thinPerson(server.url, who)
const endToEnd = (who: string): Promise<QsmClient> => people.register(newName(who))
const say = (from: ThinPerson, to: string, content: string, more: object = {}) =>
  from.post('/api/message/send', { content, recipient: to, ...more })
const textsOf = async (reader: ThinPerson): Promise<string[]> => (await reader.read(0)).map(({ content }) => content)

describe('a thin client and an end-to-end client', () => {
  it('talk both ways after the end-to-end client has asked, and it sees that the other side is managed', async () => {
    const [alice, bob] = [await endToEnd('alice'), await thin('bob')]
    await alice.request(bob.username)
    const { requests } = await bob.get('/api/connection/pending')
    await bob.post('/api/connection/respond', { request_id: requests[0].request_id, accept: true })
    await alice.connect(bob.username)
    await alice.send(bob.username, 'to a thin client')
    expect(await bob.read()).toMatchObject([{ content: 'to a thin client', verified: true, is_mine: false }])
    await say(bob, alice.username, 'from a thin client')
    expect(await receiveAll(alice)).toMatchObject([
      { from: bob.username, text: 'from a thin client', managed: true, verified: true, importance: 'normal' },
    ])
    expect(await alice.devicesOf(bob.username)).toMatchObject([{ managed: true, accepted: true }])
  })

  it('talk both ways after the thin client has asked, and the request says that it is managed', async () => {
    const [alice, bob] = [await thin('alice'), await endToEnd('bob')]
    await alice.post('/api/connection/request', { receiver_username: bob.username })
    expect(await bob.pending()).toMatchObject([{ sender_username: alice.username, managed: true }])
    await bob.accept(alice.username)
    expect(await alice.get(`/api/session/status?peer=${bob.username}`)).toMatchObject({ active: true })
    await bob.send(alice.username, 'one')
    await bob.send(alice.username, 'two')
    expect(await textsOf(alice)).toEqual(['one', 'two'])
    for (const text of ['three', 'four']) await say(alice, bob.username, text)
    expect((await receiveAll(bob)).map(({ text }) => text)).toEqual(['three', 'four'])
  })

  it('talk both ways after the end-to-end client has begun by prekeys', async () => {
    const [alice, bob, carol] = [await endToEnd('alice'), await thin('bob'), await thin('carol')]
    await connectThin(bob, carol) // Makes the device of bob, with prekeys.
    await alice.start(bob.username)
    await alice.send(bob.username, 'begun by a prekey')
    expect(await bob.read()).toMatchObject([{ content: 'begun by a prekey', sender_username: alice.username }])
    await say(bob, alice.username, 'answered')
    expect(await receiveAll(alice)).toMatchObject([{ text: 'answered', managed: true }])
  })

  it('talk where either has several devices, and own ones get copies', async () => {
    const name = newName('alice')
    const alice = await people.register(name)
    const bob = welcoming(await endToEnd('bob'))
    const phone = await people.login(bob.username)
    await alice.connect(bob.username)
    // The same person with nothing but requests, beside her own end-to-end device.
    const aliceThin = await loginThin(server.url, name)
    await say(aliceThin, bob.username, 'from my thin client')
    await bob.acceptIdentity(name)
    await bob.acceptIdentity(bob.username)
    await phone.acceptIdentity(name)
    for (const device of [bob, phone]) {
      expect(await receiveAll(device)).toMatchObject([{ from: name, text: 'from my thin client', managed: true }])
    }
    await alice.acceptIdentity(name)
    expect(await receiveAll(alice)).toMatchObject([
      { text: 'from my thin client', isMine: true, peer: bob.username, managed: true },
    ])
    await bob.send(name, 'to all of you')
    expect((await receiveAll(alice)).map(({ text }) => text)).toEqual(['to all of you'])
    await alice.acceptIdentity(bob.username)
    await alice.send(bob.username, 'from my end-to-end client')
    const read = await aliceThin.read()
    expect(read).toMatchObject([
      { content: 'from my thin client', is_mine: true, peer_username: bob.username },
      { content: 'to all of you', is_mine: false },
      { content: 'from my end-to-end client', is_mine: true, peer_username: bob.username, sender_username: name },
    ])
  })

  it('tell each other of critical messages: the end-to-end client gives a receipt when its application is done', async () => {
    const [alice, bob] = [await thin('alice'), await endToEnd('bob')]
    await alice.post('/api/connection/request', { receiver_username: bob.username })
    await bob.accept(alice.username)
    await say(alice, bob.username, 'the house is on fire', { message_type: 'critical' })
    expect(await alice.read()).toMatchObject([{ message_type: 'critical', is_mine: true, is_read: false }])
    expect(await receiveAll(bob)).toMatchObject([{ text: 'the house is on fire', importance: 'critical' }])
    await expect.poll(async () => (await alice.read())[0].is_read, { timeout: 10_000 }).toBe(true)
  })

  it('end a session: the end-to-end client drops its keys, and both have to ask anew', async () => {
    const [alice, bob] = [await thin('alice'), await endToEnd('bob')]
    const ends: unknown[] = []
    bob.on('session-ended', end => ends.push(end))
    await alice.post('/api/connection/request', { receiver_username: bob.username })
    await bob.accept(alice.username)
    await say(alice, bob.username, 'the last word')
    expect(await alice.post('/api/session/terminate', { peer: bob.username })).toEqual({
      peer: bob.username,
      status: 'terminated',
    })
    expect(await receiveAll(bob)).toMatchObject([{ text: 'the last word' }])
    expect(ends).toMatchObject([{ username: alice.username }])
    await expect(bob.send(alice.username, 'hello?')).rejects.toMatchObject({ code: 'no_session' })
    const refused = await alice.call('POST', '/api/message/send', { content: 'hello?', recipient: bob.username })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'not_connected'])
    await alice.post('/api/connection/request', { receiver_username: bob.username })
    await bob.accept(alice.username)
    await bob.send(alice.username, 'again')
    expect((await alice.read()).at(-1)).toMatchObject({ content: 'again' })
  })
})
