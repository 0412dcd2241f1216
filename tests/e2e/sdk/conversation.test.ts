import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  createPeople,
  newName,
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

describe('a conversation that was asked for', () => {
  it('resolves connect when the other has accepted, and carries texts both ways', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const bob = welcoming(await people.register(bobName))
    await expect(alice.connect(bobName)).resolves.toEqual({ username: bobName, userId: bob.userId })
    const { messageId } = await alice.send(bobName, 'hello')
    const [hello] = await takeMessages(bob, 1)
    expect(hello).toMatchObject({
      id: messageId,
      from: aliceName,
      peer: aliceName,
      text: 'hello',
      verified: true,
      managed: false,
      isMine: false,
    })
    await bob.send(aliceName, 'and hello to you')
    expect(await takeMessages(alice, 1)).toMatchObject([{ from: bobName, text: 'and hello to you' }])
    expect(await alice.safetyNumber(bobName)).toBe(await bob.safetyNumber(aliceName))
  })

  it('tells the one who asked that the other has rejected', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const bob = await people.register(bobName)
    bob.on('request', request => request.reject())
    await expect(alice.connect(bobName)).rejects.toMatchObject({ code: 'rejected' })
  })

  it('takes an answer that came while nobody listened', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const bob = await people.register(bobName)
    await alice.request(bobName)
    expect(await bob.pending()).toMatchObject([{ sender_username: aliceName }])
    await bob.accept(aliceName)
    await bob.send(aliceName, 'accepted')
    expect(await receiveAll(alice)).toMatchObject([{ text: 'accepted' }])
    await alice.send(bobName, 'good')
    expect(await receiveAll(bob)).toMatchObject([{ text: 'good' }])
  })

  it('stays one conversation when both ask at once', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = welcoming(await people.register(aliceName))
    const bob = welcoming(await people.register(bobName))
    await Promise.all([alice.connect(bobName), bob.connect(aliceName)])
    for (let round = 0; round < 3; round += 1) {
      await Promise.all([alice.send(bobName, `from alice ${round}`), bob.send(aliceName, `from bob ${round}`)])
      expect(await takeMessages(bob, 1)).toMatchObject([{ text: `from alice ${round}` }])
      expect(await takeMessages(alice, 1)).toMatchObject([{ text: `from bob ${round}` }])
    }
    expect(await alice.quarantined()).toEqual([])
    expect(await bob.quarantined()).toEqual([])
  })
})

describe('a conversation by prekeys', () => {
  it('needs no answer, and opens with the first one', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const bob = await people.register(bobName)
    await alice.start(bobName)
    for (const text of ['one', 'two', 'three']) await alice.send(bobName, text)
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['one', 'two', 'three'])
    await bob.send(aliceName, 'four')
    expect(await receiveAll(alice)).toMatchObject([{ from: bobName, text: 'four', verified: true }])
    expect(await bob.connections()).toMatchObject([{ peer_username: aliceName, state: 'open' }])
  })

  it('stays one conversation when both start at once', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const bob = await people.register(bobName)
    await Promise.all([alice.start(bobName), bob.start(aliceName)])
    await Promise.all([alice.send(bobName, 'a1'), bob.send(aliceName, 'b1')])
    expect(await receiveAll(bob)).toMatchObject([{ text: 'a1' }])
    expect(await receiveAll(alice)).toMatchObject([{ text: 'b1' }])
    await Promise.all([alice.send(bobName, 'a2'), bob.send(aliceName, 'b2')])
    expect(await receiveAll(bob)).toMatchObject([{ text: 'a2' }])
    expect(await receiveAll(alice)).toMatchObject([{ text: 'b2' }])
  })

  it('says what to do after twenty messages without an answer', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    await people.register(bobName)
    await alice.start(bobName)
    for (let count = 0; count < 20; count += 1) await alice.send(bobName, `${count}`)
    await expect(alice.send(bobName, 'one too many')).rejects.toMatchObject({ code: 'not_answered', status: 403 })
  })
})

describe('what cannot be sent', () => {
  it('names the ways to a user without a connection, and users that are not there', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    await people.register(bobName)
    await expect(alice.send(bobName, 'hi')).rejects.toMatchObject({
      code: 'no_session',
      message: expect.stringContaining('qsm request'),
    })
    await expect(alice.send(newName('nobody'), 'hi')).rejects.toMatchObject({ code: 'no_session' })
    await expect(alice.connect(newName('nobody'))).rejects.toMatchObject({ code: 'no_such_user' })
    await expect(alice.send(aliceName, 'hi')).rejects.toMatchObject({ code: 'usage' })
    await alice.request(bobName)
    await expect(alice.send(bobName, 'hi')).rejects.toMatchObject({
      code: 'no_session',
      message: expect.stringContaining('not accepted'),
    })
  })

  it('ends with a block and goes on when it is lifted', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const bob = welcoming(await people.register(bobName))
    await alice.connect(bobName)
    await bob.block(aliceName)
    await expect(alice.send(bobName, 'blocked')).rejects.toMatchObject({ code: 'blocked' })
    await bob.block(aliceName, false)
    await alice.send(bobName, 'free again')
    expect(await takeMessages(bob, 1)).toMatchObject([{ text: 'free again' }])
  })

  it('is a text over the limit; one at the limit arrives', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const alice = await people.register(aliceName)
    const bob = await people.register(bobName)
    await alice.start(bobName)
    const longest = 'ä'.repeat(1_048_576)
    await expect(alice.send(bobName, `${longest}x`)).rejects.toMatchObject({ code: 'too_long' })
    await alice.send(bobName, longest)
    const [received] = await receiveAll(bob)
    expect(received?.text === longest).toBe(true)
  })
})

describe('an account', () => {
  it('knows itself and others, changes its password, and logs out without losing its device', async () => {
    const name = newName('alice')
    const options = people.options()
    const alice = await people.register(name, options)
    expect(await alice.whoami()).toMatchObject({ username: name, user_id: alice.userId })
    const other = newName('other')
    await people.register(other)
    expect(await alice.users(other)).toMatchObject([{ username: other, has_quantum_keys: true }])
    await alice.changePassword('correct horse battery', 'another horse battery')
    const [before] = await alice.devices()
    await alice.logout()
    await expect(people.resume(options.store)).rejects.toMatchObject({ code: 'not_logged_in' })
    const again = await people.login(name, { ...options, password: 'another horse battery' })
    expect(await again.devices()).toEqual([{ ...before, is_this: true }])
  })

  it('leaves nothing in its store when it is deleted', async () => {
    const options = people.options()
    const alice = await people.register(newName('alice'), options)
    await alice.deleteAccount()
    expect(await options.store.exclusive(transaction => transaction.keys(''))).toEqual([])
  })

  it('is not mixed with another one in a store', async () => {
    const options = people.options()
    await people.register(newName('alice'), options)
    const bobName = newName('bob')
    await people.register(bobName)
    await expect(people.login(bobName, options)).rejects.toMatchObject({ code: 'store_in_use' })
    await expect(people.register(newName('carol'), options)).rejects.toMatchObject({ code: 'store_in_use' })
  })
})
