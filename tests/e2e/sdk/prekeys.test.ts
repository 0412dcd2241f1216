import { memoryStore, type Store } from '@qsm/client'
import { getPrekeys } from '@qsm/contract'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPeople, newName, receiveAll, type SdkServer, startSdkServer } from '../../support/sdk.js'

let server: SdkServer
const people = createPeople(() => server.url)

beforeAll(async () => {
  server = await startSdkServer()
}, 60_000)
afterEach(() => people.closeAll())
afterAll(() => server.end())

const heldAtServer = async (userId: string) => {
  const rows = await server.sql(
    'SELECT kind, count(*)::int AS held FROM message.prekey WHERE user_id = $1 GROUP BY kind',
    [userId],
  )
  return Object.fromEntries(rows.map(row => [row.kind === 1 ? 'oneTime' : 'lastResort', row.held]))
}
const privateHalves = (store: Store) => store.exclusive(transaction => transaction.keys('prekey/'))

describe('the prekeys of a device', () => {
  it('are a hundred one-time ones and a last-resort one at first', async () => {
    const store = memoryStore()
    const alice = await people.register(newName('alice'), { store, prekeys: undefined })
    expect(await heldAtServer(alice.userId)).toEqual({ oneTime: 100, lastResort: 1 })
    expect(await privateHalves(store)).toHaveLength(101)
    expect(getPrekeys.path).toContain('prekeys')
  })

  it('are filled up when they run low, and their private halves go with their first use', async () => {
    const store = memoryStore()
    const bobName = newName('bob')
    const bob = await people.register(bobName, { store, prekeys: 3 })
    const first = await privateHalves(store)
    for (const who of ['one', 'two']) {
      const alice = await people.register(newName(who))
      await alice.start(bobName)
      await alice.send(bobName, who)
    }
    expect(await heldAtServer(bob.userId)).toEqual({ oneTime: 1, lastResort: 1 })
    expect(await receiveAll(bob)).toHaveLength(2)
    await expect.poll(() => heldAtServer(bob.userId)).toEqual({ oneTime: 3, lastResort: 1 })
    await bob.close()
    const after = await privateHalves(store)
    expect(first.filter(key => !after.includes(key))).toHaveLength(2)
  })

  it('end with the last-resort one, by which several can begin', async () => {
    const bobName = newName('bob')
    const bob = await people.register(bobName, { prekeys: 1 })
    const names = [newName('one'), newName('two'), newName('three')]
    for (const name of names) {
      const alice = await people.register(name)
      await alice.start(bobName)
      await alice.send(bobName, `from ${name}`)
    }
    expect((await receiveAll(bob)).map(message => [message.from, message.text])).toEqual(
      names.map(name => [name, `from ${name}`]),
    )
  })
})

describe('a conversation in which only one side speaks', () => {
  it('is answered by an empty envelope after a hundred, so that the ratchet turns', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const aliceStore = memoryStore()
    const alice = await people.register(aliceName, { store: aliceStore })
    const bob = await people.register(bobName)
    await alice.request(bobName)
    await bob.accept(aliceName)
    await alice.connections()
    for (let count = 0; count < 101; count += 1) await alice.send(bobName, `${count}`)
    expect(await receiveAll(bob)).toHaveLength(101)
    await expect
      .poll(
        async () =>
          (await server.sql('SELECT count(*)::int AS held FROM message.entry WHERE user_id = $1', [alice.userId]))[0]
            ?.held,
      )
      .toBe(1)
    expect(await receiveAll(alice)).toEqual([])
    expect(await alice.quarantined()).toEqual([])
    await alice.send(bobName, 'the last')
    expect((await receiveAll(bob)).map(message => message.text)).toEqual(['the last'])
  }, 60_000)
})
