import { decodeBase64, decodeControl, encodeBase64, limits } from '@qsm/contract'
import { kinds, maxContentBytes, parseEnvelope } from '@qsm/protocol'
import { idFromBytes, newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EndToEnd, type Heard } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

/** Alice has an end-to-end device beside her managed one; Bob has two devices. All have sessions. */
const family = async () => {
  const alice = await ManagedUser.create(devices)
  const [own, bob1] = [
    await EndToEnd.create(devices.algorithms, alice.userId),
    await EndToEnd.create(devices.algorithms),
  ]
  const bob2 = await EndToEnd.create(devices.algorithms, bob1.userId)
  const office = createPostOffice()
  office.join(alice, own, bob1, bob2)
  const targets = [bob1, bob2, own]
  const bundles = await Promise.all(
    targets.map(async each => ({ user_id: each.userId, device_id: each.deviceId, bundle: await each.bundle() })),
  )
  return { alice, own, bob1, bob2, office, targets, bundles }
}

const pair = async () => {
  const alice = await ManagedUser.create(devices)
  const bob = await EndToEnd.create(devices.algorithms)
  const office = createPostOffice()
  office.join(alice, bob)
  office.post(alice, await alice.begin(bob, await bob.bundle()))
  await bob.listen()
  return { alice, bob, office }
}

const only = (heard: readonly Heard[]): Heard => {
  const [one] = heard
  if (!one || heard.length > 1) throw new Error(`${heard.length} envelopes were heard`)
  return one
}
const controlIn = ({ content }: Heard) => decodeControl(content)

describe('a text', () => {
  it('goes to all devices of both users under one message id, sealed once, to own ones as a copy', async () => {
    const { alice, own, bob1, bob2, office, targets, bundles } = await family()
    const sends = await alice.text(targets, 'to everybody', { bundles })
    expect(sends).toHaveLength(1)
    const [send] = sends
    expect(send?.envelopes).toHaveLength(3)
    expect(send?.body).not.toBeNull()
    office.post(alice, sends)
    for (const bob of [bob1, bob2]) {
      expect(only(await bob.listen())).toMatchObject({
        text: 'to everybody',
        toUserId: null,
        messageId: send?.message_id,
      })
    }
    const copy = only(await own.listen())
    expect(copy).toMatchObject({ text: 'to everybody', toUserId: bob1.userId, messageId: send?.message_id })
    const headers = send?.envelopes.map(text => parseEnvelope(decodeBase64(text)).header)
    expect(new Set(headers?.map(header => idFromBytes(header.msgId)))).toEqual(new Set([send?.message_id]))
  })

  it('that does not fit an envelope is sealed apart for a single device as well, and one that fits is not', async () => {
    const { alice, bob, office } = await pair()
    const long = '€'.repeat(Math.ceil(maxContentBytes / 3) + 1)
    const sends = await alice.text([bob], long)
    expect(sends[0]?.body).not.toBeNull()
    office.post(alice, sends)
    office.post(alice, await alice.text([bob], 'short'))
    expect((await bob.listen()).map(heard => heard.text)).toEqual([long, 'short'])
    expect(sends[0]?.envelopes[0]?.length).toBeLessThan(10_000)
    const { messages } = await alice.read([bob])
    expect(messages.map(message => message.content)).toEqual(['first', long, 'short'])
  })

  it('that is critical comes behind an envelope that says so, to own devices too', async () => {
    const { alice, own, bob1, bob2, office, targets, bundles } = await family()
    const sends = await alice.text(targets, 'now', { bundles, type: 'critical' })
    expect(sends).toHaveLength(2)
    expect(sends.map(send => [send.body === null, send.note === null])).toEqual([
      [true, true],
      [false, false],
    ])
    office.post(alice, sends)
    for (const device of [bob1, bob2, own]) {
      const [first, second] = await device.listen()
      if (!first || !second) throw new Error('two were sent')
      expect(controlIn(first)).toEqual({
        type: 'importance',
        importance: 'critical',
        message_id: sends[1]?.message_id,
      })
      expect(second.text).toBe('now')
      expect(first.messageId).not.toBe(second.messageId)
    }
  })
})

describe('the id of a client', () => {
  it('gives the same bytes for 25 hours, whatever the devices are by then', async () => {
    const { alice, bob } = await pair()
    const clientMessageId = newId()
    const first = await alice.seal([bob], 'once', { clientMessageId })
    expect(await alice.seal([bob], 'once', { clientMessageId })).toEqual(first)
    devices.clock.advance(limits.replayMemoryMs - 1)
    const bob2 = await EndToEnd.create(devices.algorithms, bob.userId)
    expect(await alice.seal([bob, bob2], 'once', { clientMessageId })).toEqual(first)
    devices.clock.advance(1)
    expect(await alice.seal([bob], 'once', { clientMessageId })).not.toEqual(first)
  })

  it('is refused with another text, importance, receiver or kind', async () => {
    const { alice, bob } = await pair()
    const carol = await EndToEnd.create(devices.algorithms)
    await alice.begin(carol, await carol.bundle())
    const clientMessageId = newId()
    await alice.text([bob], 'once', { clientMessageId })
    const conflict = { code: 'idempotency_conflict' }
    await expect(alice.seal([bob], 'twice', { clientMessageId })).rejects.toMatchObject(conflict)
    await expect(alice.seal([bob], 'once', { clientMessageId, type: 'critical' })).rejects.toMatchObject(conflict)
    await expect(alice.seal([carol], 'once', { clientMessageId })).rejects.toMatchObject(conflict)
    const payload = { kind: 'empty' } as const
    await expect(alice.seal([bob], '', { clientMessageId, payload })).rejects.toMatchObject(conflict)
    await expect(alice.seal([bob], 'twice', { clientMessageId, again: true })).rejects.toMatchObject(conflict)
  })

  it('seals anew under the same message ids where nothing was stored: who got both shows one', async () => {
    const { alice, bob, office } = await pair()
    const carol = await ManagedUser.create(devices)
    office.join(carol)
    await alice.begin(carol, carol.bundle())
    const clientMessageId = newId()
    const options = { clientMessageId, type: 'critical' } as const
    const first = await alice.text([carol], 'once', options)
    const second = await alice.text([carol], 'once', { ...options, again: true })
    expect(second.map(send => send.message_id)).toEqual(first.map(send => send.message_id))
    expect(second).not.toEqual(first)
    expect(await alice.text([carol], 'once', options)).toEqual(second)
    office.post(alice, [...first, ...second])
    const { messages } = await carol.read([alice])
    expect(messages.map(message => [message.content, message.message_type])).toEqual([['once', 'critical']])
    expect(await alice.texts([bob])).toContain('once')
  })

  it('that is left out gives other bytes each time', async () => {
    const { alice, bob } = await pair()
    const [one, other] = [
      await alice.text([bob], 'same', { clientMessageId: null }),
      await alice.text([bob], 'same', { clientMessageId: null }),
    ]
    expect(one[0]?.message_id).not.toBe(other[0]?.message_id)
    expect((await bob.open(one[0]?.envelopes[0] ?? '')).text).toBe('same')
    expect((await bob.open(other[0]?.envelopes[0] ?? '')).text).toBe('same')
  })
})

describe('a device without a session', () => {
  it('is named, and nothing is changed by that', async () => {
    const { alice, bob } = await pair()
    const bob2 = await EndToEnd.create(devices.algorithms, bob.userId)
    const look = () =>
      devices.database.query(
        `SELECT (SELECT json_agg(k ORDER BY k.peer_user, k.peer_device) FROM crypto.peer k WHERE user_id = $1) AS peers,
           (SELECT count(*) FROM crypto.outbox WHERE user_id = $1) AS outbox`,
        [alice.userId],
      )
    const before = await look()
    const clientMessageId = newId()
    const { missing, sends } = await alice.seal([bob, bob2], 'both', { clientMessageId })
    expect([missing, sends]).toEqual([[{ user_id: bob2.userId, device_id: bob2.deviceId }], []])
    expect(await look()).toEqual(before)
    const bundles = [{ user_id: bob2.userId, device_id: bob2.deviceId, bundle: await bob2.bundle() }]
    const [send] = await alice.text([bob, bob2], 'both', { clientMessageId, bundles })
    expect(send?.envelopes).toHaveLength(2)
  })

  it('is refused with a bundle that does not hold or is of another device', async () => {
    const { alice } = await pair()
    const [carol, dave] = [await EndToEnd.create(devices.algorithms), await EndToEnd.create(devices.algorithms)]
    const bytes = decodeBase64(await carol.bundle())
    const forged = encodeBase64(bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1))
    const refused = { code: 'record_refused', details: { field: 'bundles' } }
    await expect(alice.begin(carol, forged)).rejects.toMatchObject(refused)
    await expect(alice.begin(carol, await dave.bundle())).rejects.toMatchObject(refused)
    const status = await devices.run(alice.userId, 'session_status', { peer_user_id: carol.userId })
    expect(status.active).toBe(false)
  })
})

describe('devices that do not fit', () => {
  it('are refused: none of the receiver, one of a third user, a forged record, and oneself as the receiver', async () => {
    const { alice, bob } = await pair()
    const carol = await EndToEnd.create(devices.algorithms)
    const own = await EndToEnd.create(devices.algorithms, alice.userId)
    const field = { code: 'validation_failed', details: { field: 'devices' } }
    const input = alice.sealInput([bob], 'x')
    const run = (change: object) => devices.run(alice.userId, 'seal', { ...input, ...change })
    const list = (...all: readonly EndToEnd[]) =>
      all.map(each => ({ user_id: each.userId, device_id: each.deviceId, record: each.recordText() }))
    await expect(run({ devices: list(own) })).rejects.toMatchObject(field)
    await expect(run({ devices: list(bob, carol) })).rejects.toMatchObject(field)
    await expect(run({ to_user_id: alice.userId, devices: list(own) })).rejects.toMatchObject({
      code: 'validation_failed',
      details: { field: 'to_user_id' },
    })
    const bytes = decodeBase64(carol.recordText())
    const record = encodeBase64(bytes.with(30, (bytes[30] ?? 0) ^ 1))
    const forged = [{ user_id: carol.userId, device_id: carol.deviceId, record }]
    await expect(run({ to_user_id: carol.userId, devices: forged })).rejects.toMatchObject({ code: 'record_refused' })
  })

  it('but the managed device itself is passed over', async () => {
    const { alice, bob } = await pair()
    const [send] = await alice.text([bob, alice], 'not to myself')
    expect(send?.envelopes).toHaveLength(1)
  })
})

describe('controls', () => {
  it('say what they say to the receiver; an end leaves the sessions with own devices', async () => {
    const { alice, own, bob1, bob2, office, targets, bundles } = await family()
    office.post(alice, await alice.text(targets, 'hello', { bundles }))
    for (const device of targets) await device.listen()
    const ids = [newId(), newId()]
    const receipt = { type: 'receipt', kind: 'read', message_ids: ids } as const
    office.post(
      alice,
      await alice.text(targets, '', { clientMessageId: null, payload: { kind: 'control', control: receipt } }),
    )
    for (const device of targets) expect(controlIn(only(await device.listen()))).toEqual(receipt)
    office.post(alice, await alice.text(targets, '', { clientMessageId: null, payload: { kind: 'empty' } }))
    for (const device of targets) expect(only(await device.listen())).toMatchObject({ kind: kinds.empty, type: 2 })
    const end = { type: 'end' } as const
    const sends = await alice.text(targets, '', { clientMessageId: null, payload: { kind: 'control', control: end } })
    expect(sends.map(send => [send.body, send.note])).toEqual([[null, null]])
    office.post(alice, sends)
    for (const bob of [bob1, bob2]) expect(controlIn(only(await bob.listen()))).toEqual(end)
    expect(only(await own.listen())).toMatchObject({ kind: kinds.empty })
  })
})
