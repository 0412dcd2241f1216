import { decodeBase64 } from '@qsm/contract'
import { parseEnvelope, toHex } from '@qsm/protocol'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUserTurns } from '../src/devices/user-turns.js'
import { startDeviceProcess } from './support/device-process.js'
import { EndToEnd } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

const placeInChain = (envelope: string): string => {
  const { sid, epoch, n } = parseEnvelope(decodeBase64(envelope)).header
  return `${toHex(sid)}/${epoch}/${n}`
}

describe('two processes that seal 200 texts of one user at once', () => {
  it('fork no ratchet: each envelope opens, no place of a chain is used twice, no text is lost', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await EndToEnd.create(devices.algorithms)
    const office = createPostOffice()
    office.join(alice, bob)
    await bob.start(alice, alice.bundle())
    office.post(bob, [await bob.text(alice, 'go')])
    await alice.read([bob])
    const processes = await Promise.all([
      startDeviceProcess(devices.databaseUrl),
      startDeviceProcess(devices.databaseUrl),
    ])
    try {
      const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`)
      const sealed = await Promise.all(
        texts.map((text, index) => processes[index % 2]?.run(alice.userId, 'seal', alice.sealInput([bob], text))),
      )
      const sends = sealed.flatMap(one => one?.sends ?? [])
      const places = sends.flatMap(send => send.envelopes.map(placeInChain))
      expect(places).toHaveLength(200)
      expect(new Set(places).size).toBe(200)
      const opened: (string | null)[] = []
      for (const send of sends.toReversed()) opened.push((await bob.open(send.envelopes[0] ?? '')).text)
      expect(opened.sort()).toEqual([...texts].sort())
    } finally {
      await Promise.all(processes.map(each => each.kill()))
    }
  }, 120_000)
})

describe('the turns of users', () => {
  it('go in order for each, and do not wait for each other', async () => {
    const turns = createUserTurns(10)
    const done: string[] = []
    let release = () => {}
    const gate = new Promise<void>(resolve => {
      release = resolve
    })
    const work = ['a1', 'a2', 'a3'].map(name =>
      turns('a', async () => {
        await gate
        done.push(name)
      }),
    )
    await turns('b', async () => {
      done.push('b1')
    })
    release()
    await Promise.all(work)
    expect(done).toEqual(['b1', 'a1', 'a2', 'a3'])
  })

  it('go on behind one that failed', async () => {
    const turns = createUserTurns(10)
    const failing = turns('a', async () => {
      throw new Error('no')
    })
    const next = turns('a', async () => 'done')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('done')
  })

  it('are bounded: who comes when 256 wait is told to come again, and those are served', async () => {
    const alice = await ManagedUser.create(devices)
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, () => devices.run(alice.userId, 'session_status', { peer_user_id: newId() })),
    )
    const refused = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
    expect(refused).toHaveLength(44)
    for (const error of refused) expect(error).toMatchObject({ code: 'unavailable', status: 503, retryAfterSeconds: 1 })
    expect(results.slice(0, 256).every(result => result.status === 'fulfilled')).toBe(true)
  })
})
