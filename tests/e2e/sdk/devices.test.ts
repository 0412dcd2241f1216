import { IdentityChangedError, memoryStore, type QsmClient } from '@qsm/client'
import { decodeBase64, encodeBase64 } from '@qsm/contract'
import { createWebCryptoClassical, decodeDeviceRecord, makeDeviceRecord } from '@qsm/protocol'
import { loadPostQuantum } from '@qsm/wasm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPeople, newName, receiveAll, type SdkServer, startSdkServer } from '../../support/sdk.js'

let server: SdkServer
const people = createPeople(() => server.url)

beforeAll(async () => {
  server = await startSdkServer()
}, 60_000)
afterEach(() => people.closeAll())
afterAll(() => server.end())

const platform = {
  classical: createWebCryptoClassical(),
  randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  now: Date.now,
}

const textsOf = async (client: QsmClient): Promise<readonly string[]> =>
  (await receiveAll(client)).map(message => message.text)

const pair = async () => {
  const [aliceName, bobName] = [newName('alice'), newName('bob')]
  const alice = await people.register(aliceName)
  const bob = await people.register(bobName)
  await alice.start(bobName)
  await alice.send(bobName, 'first')
  expect(await textsOf(bob)).toEqual(['first'])
  return { alice, bob, aliceName, bobName }
}

describe('a user with several devices', () => {
  it('gets every message on each, and copies of what another own device has sent', async () => {
    const { alice, bob, aliceName, bobName } = await pair()
    const phone = await people.login(bobName)
    await expect(alice.send(bobName, 'stopped')).rejects.toBeInstanceOf(IdentityChangedError)
    await alice.acceptIdentity(bobName)
    await alice.send(bobName, 'to both')
    expect(await textsOf(bob)).toEqual(['to both'])
    expect(await textsOf(phone)).toEqual(['to both'])

    await expect(bob.send(aliceName, 'stopped')).rejects.toMatchObject({ code: 'identity_changed', username: bobName })
    await bob.acceptIdentity(bobName)
    await bob.send(aliceName, 'from one of them')
    expect(await textsOf(alice)).toEqual(['from one of them'])
    expect(await receiveAll(phone)).toMatchObject([
      { from: bobName, peer: aliceName, text: 'from one of them', isMine: true, verified: true },
    ])
  })

  it('writes from a new device, which is shown as not accepted until it is', async () => {
    const { alice, aliceName, bobName } = await pair()
    const changes: unknown[] = []
    alice.on('identity-changed', change => changes.push(change))
    const phone = await people.login(bobName)
    await phone.send(aliceName, 'from a new device')
    expect(await receiveAll(alice)).toMatchObject([{ from: bobName, text: 'from a new device', verified: false }])
    const { device } = (await phone.devices())
      .map(one => (one.is_this ? { device: one.device_id } : null))
      .find(Boolean) as { device: number }
    expect(changes).toEqual([{ username: bobName, devices: [device] }])
    await expect(alice.send(bobName, 'no')).rejects.toMatchObject({ code: 'identity_changed', devices: [device] })
    await alice.acceptIdentity(bobName)
    await phone.send(aliceName, 'again')
    expect(await receiveAll(alice)).toMatchObject([{ text: 'again', verified: true }])
  })

  it('removes one, after which messages go to the others without a question', async () => {
    const { alice, bob, aliceName, bobName } = await pair()
    const phone = await people.login(bobName)
    await alice.acceptIdentity(bobName)
    await alice.send(bobName, 'to both')
    const gone = (await phone.devices()).find(device => device.is_this)
    await bob.removeDevice(gone?.device_id ?? 0)
    await alice.send(bobName, 'to one')
    expect(await textsOf(bob)).toEqual(['to both', 'to one'])
    await bob.send(aliceName, 'fine')
    expect(await textsOf(alice)).toEqual(['fine'])
    await expect(phone.send(aliceName, 'still here?')).rejects.toMatchObject({ code: 'device_removed' })
  })

  it('has one safety number on all devices, and another one after a change', async () => {
    const { alice, bob, aliceName, bobName } = await pair()
    const before = await alice.safetyNumber(bobName)
    const phone = await people.login(bobName)
    const after = await alice.safetyNumber(bobName)
    expect(after).not.toBe(before)
    expect(await bob.safetyNumber(aliceName)).toBe(after)
    expect(await phone.safetyNumber(aliceName)).toBe(after)
  })
})

describe('a server that lies about devices', () => {
  /** A fetch whose answers about one user's devices are changed. */
  type Listed = { device_id: number; device_record: string }
  const lying = (username: string, change: (devices: Listed[]) => Listed[] | Promise<Listed[]>) => {
    const state = { isLying: false }
    const through = async (url: string, init: RequestInit): Promise<Response> => {
      const response = await fetch(url, init)
      if (!state.isLying || !url.endsWith(`/api/users/${username}/devices`)) return response
      const answer = (await response.json()) as { user_id: string; devices: Listed[] }
      return Response.json({ ...answer, devices: await change(answer.devices) })
    }
    return { state, through }
  }

  it('does not get another key in the place of a pinned one, until the user accepts it', async () => {
    const [aliceName, bobName] = [newName('alice'), newName('bob')]
    const bob = await people.register(bobName)
    const { signer, kem } = await loadPostQuantum()
    const algorithms = { ...platform, signer, kem }
    const { state, through } = lying(bobName, async ([device]) => {
      const real = decodeDeviceRecord(decodeBase64(device?.device_record ?? ''))
      const falcon = await signer.generateKeyPair()
      const ecdsa = await platform.classical.generateP256()
      const times = { createdAt: Date.now(), expiresAt: 0 }
      const record = await makeDeviceRecord(algorithms, { ...real, falcon, ecdsa }, times)
      return [{ device_id: real.device, device_record: encodeBase64(record.bytes) }]
    })
    const alice = await people.register(aliceName, { fetch: through })
    await alice.start(bobName)
    await alice.send(bobName, 'before')
    const trueNumber = await bob.safetyNumber(aliceName)
    expect(await alice.safetyNumber(bobName)).toBe(trueNumber)
    expect(await textsOf(bob)).toEqual(['before'])
    state.isLying = true
    expect(await alice.safetyNumber(bobName)).not.toBe(trueNumber)
    await expect(alice.send(bobName, 'stopped')).rejects.toMatchObject({ code: 'identity_changed' })
    await bob.send(aliceName, 'it is me')
    expect(await receiveAll(alice)).toMatchObject([{ text: 'it is me', verified: false }])
    state.isLying = false
    expect(await alice.safetyNumber(bobName)).toBe(trueNumber)
    await alice.send(bobName, 'to the right one')
    expect(await textsOf(bob)).toEqual(['to the right one'])
  })

  it('does not get a record taken whose signature does not hold', async () => {
    const bobName = newName('bob')
    await people.register(bobName)
    const { state, through } = lying(bobName, devices =>
      devices.map(device => {
        const record = decodeBase64(device.device_record)
        record[60] = (record[60] ?? 0) ^ 1
        return { ...device, device_record: encodeBase64(record) }
      }),
    )
    const alice = await people.register(newName('alice'), { fetch: through })
    state.isLying = true
    await expect(alice.start(bobName)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('does not hold'),
    })
  })

  it('does not get a second device added behind the back of the one who writes', async () => {
    const bobName = newName('bob')
    const bob = await people.register(bobName)
    const alice = await people.register(newName('alice'))
    await alice.start(bobName)
    await alice.send(bobName, 'before')
    // Whoever holds bob's password logs in: the server tells no lie then, and the SDK stops all the same.
    const thief = await people.login(bobName)
    await expect(alice.send(bobName, 'for bob alone')).rejects.toMatchObject({ code: 'identity_changed' })
    expect(await textsOf(thief)).toEqual([])
    expect(await textsOf(bob)).toEqual(['before'])
  })
})

describe('a store that was made for a device', () => {
  it('goes on as that device after a new login', async () => {
    const { alice, aliceName, bobName } = await pair()
    const store = memoryStore()
    const first = await people.login(bobName, { store })
    await alice.acceptIdentity(bobName)
    await first.close()
    const second = await people.login(bobName, { store })
    await alice.send(bobName, 'same device')
    expect(await textsOf(second)).toEqual(['same device'])
    expect(await second.devices()).toHaveLength(2)
    const own = await store.exclusive(transaction => transaction.get('device-record'))
    expect(own && decodeDeviceRecord(own).device).toBe(
      (await second.devices()).find(device => device.is_this)?.device_id,
    )
    await second.acceptIdentity(bobName)
    await second.send(aliceName, 'and back')
    expect(await textsOf(alice)).toEqual(['and back'])
  })
})
