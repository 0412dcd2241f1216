import { decodeBase64, encodeBase64, encodeControl } from '@qsm/contract'
import { kinds } from '@qsm/protocol'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EndToEnd } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import { createPostOffice } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

const control = (value: Parameters<typeof encodeControl>[0]) => ({
  kind: kinds.controlJson,
  content: encodeControl(value),
})

const pair = async () => {
  const alice = await ManagedUser.create(devices)
  const bob = await EndToEnd.create(devices.algorithms)
  const office = createPostOffice()
  office.join(alice, bob)
  await bob.start(alice, alice.bundle())
  const say = async (...texts: readonly string[]) => {
    for (const text of texts) office.post(bob, [await bob.text(alice, text)])
  }
  return { alice, bob, office, say }
}

const reasons = async (user: ManagedUser): Promise<readonly string[]> => {
  const rows = await devices.database.query<{ reason: string }>(
    'SELECT reason FROM crypto.quarantine WHERE user_id = $1 ORDER BY sequence',
    [user.userId],
  )
  return rows.map(row => row.reason)
}

describe('reading', () => {
  it('opens each entry once, in order, and tells who sent it, when, and that it was verified', async () => {
    const { alice, bob, say } = await pair()
    await say('one', 'two')
    const { messages, next, more, opened_up_to } = await alice.read([bob])
    expect(messages).toEqual(
      ['one', 'two'].map((content, index) => ({
        sequence: index + 1,
        id: alice.mailbox[index]?.messageId,
        sender_user_id: bob.userId,
        peer_user_id: bob.userId,
        content,
        message_type: 'secured',
        received_at: devices.clock.now(),
        is_mine: false,
        is_read_by_peer: null,
        verified: true,
      })),
    )
    expect([next, more, opened_up_to]).toEqual([2, false, 2])
    expect((await alice.read([bob])).messages).toEqual(messages)
  })

  it('survives calls that overlap or repeat, in two processes: nothing twice, nothing lost', async () => {
    const { alice, bob, say } = await pair()
    await say(...Array.from({ length: 12 }, (_, index) => `text ${index}`))
    const second = await devices.second()
    try {
      const inputs = [alice.readInput([bob]), alice.readInput([bob])]
      const all = await Promise.all(
        [devices, second, devices, second].map((each, index) =>
          each.run(alice.userId, 'read', { ...alice.readInput([bob]), entries: inputs[index % 2]?.entries ?? [] }),
        ),
      )
      for (const { opened_up_to, messages } of all) {
        expect(opened_up_to).toBe(12)
        expect(messages.map(message => message.content)).toEqual(
          Array.from({ length: 12 }, (_, index) => `text ${index}`),
        )
      }
      expect(await reasons(alice)).toEqual([])
    } finally {
      await second.close()
    }
  })

  it('opens nothing from another number than its own, and says which that is', async () => {
    const { alice, bob, say } = await pair()
    await say('one', 'two', 'three')
    await alice.read([bob])
    await say('four')
    const behind = await alice.read([bob], { from: 1, entries: alice.readInput([bob], { from: 1 }).entries })
    expect(behind).toMatchObject({ opened_up_to: 3, more: false })
    expect(behind.messages.map(message => message.content)).toEqual(['one', 'two', 'three'])
    const ahead = await alice.read([bob], { from: 7, entries: [] })
    expect(ahead.opened_up_to).toBe(3)
    expect(await alice.texts([bob])).toEqual(['one', 'two', 'three', 'four'])
  })

  it('refuses entries that do not ascend', async () => {
    const { alice, bob, say } = await pair()
    await say('one', 'two')
    const { entries } = alice.readInput([bob])
    await expect(alice.read([bob], { entries: [...entries].reverse() })).rejects.toMatchObject({
      code: 'validation_failed',
      details: { field: 'entries' },
    })
  })

  it('lists by page, and `next` leads over entries that show nothing', async () => {
    const { alice, bob, office, say } = await pair()
    await say('one', 'two', 'three')
    office.post(bob, [await bob.seal(alice.userId, [alice], { kind: kinds.empty, content: new Uint8Array(0) })])
    const first = await alice.read([bob], { limit: 2 })
    expect([first.messages.length, first.next, first.more, first.opened_up_to]).toEqual([2, 2, true, 4])
    const rest = await alice.read([bob], { after: first.next, limit: 2 })
    expect([rest.messages.map(message => message.content), rest.next, rest.more]).toEqual([['three'], 4, false])
    const none = await alice.read([bob], { limit: 0 })
    expect([none.messages, none.next, none.more]).toEqual([[], 0, true])
    expect((await alice.read([bob], { after: 9 })).next).toBe(9)
  })

  it('puts aside what cannot be opened, with the reason, and goes on behind it', async () => {
    const { alice, bob, say } = await pair()
    const stranger = await EndToEnd.create(devices.algorithms)
    await stranger.start(alice, alice.bundle())
    const office = createPostOffice()
    office.join(alice)
    await say('one')
    const [good] = alice.mailbox
    if (!good) throw new Error('nothing came')
    const bytes = decodeBase64(good.envelope)
    alice.deliver({ ...good, messageId: newId(), envelope: encodeBase64(bytes.subarray(0, bytes.length - 1)) })
    alice.deliver({ ...good, messageId: newId(), envelope: encodeBase64(bytes.with(700, (bytes[700] ?? 0) ^ 1)) })
    office.post(stranger, [await stranger.text(alice, 'who am I')])
    alice.deliver({ ...good, messageId: newId(), envelope: 'AAAA', isNote: true })
    await say('two')
    expect(await alice.texts([bob])).toEqual(['one', 'two'])
    expect(await reasons(alice)).toEqual(['form', expect.any(String), 'unknown_sender', 'malformed'])
    expect(await devices.counted('qsm_managed_quarantined_total')).toBeGreaterThanOrEqual(4)
  })

  it('shows a message once that comes sealed anew under its id, or again as it was', async () => {
    const { alice, bob, office } = await pair()
    const messageId = newId()
    for (let round = 0; round < 3; round += 1) office.post(bob, [await bob.text(alice, 'once', messageId)])
    const [first] = alice.mailbox
    if (first) alice.deliver(first)
    expect(await alice.texts([bob])).toEqual(['once'])
    expect(alice.openedUpTo).toBe(4)
    expect(await reasons(alice)).toEqual([])
  })

  it('keeps the texts of a mailbox that counts anew, where their envelopes come again', async () => {
    const { alice, bob, office, say } = await pair()
    await say('one', 'two')
    await alice.read([bob])
    office.post(alice, await alice.text([bob], 'mine'))
    expect(await alice.texts([bob])).toEqual(['one', 'two', 'mine'])
    alice.epoch = 2
    alice.openedUpTo = 0
    alice.mailbox.shift()
    await say('three')
    const { messages } = await alice.read([bob])
    expect(messages.map(message => [message.sequence, message.content])).toEqual([
      [1, 'two'],
      [2, 'mine'],
      [3, 'three'],
    ])
  })

  it('shows copies that own devices send as own messages to their receiver', async () => {
    const alice = await ManagedUser.create(devices)
    const own = await EndToEnd.create(devices.algorithms, alice.userId)
    const bobId = newId()
    const office = createPostOffice()
    office.join(alice, own)
    await own.start(alice, alice.bundle())
    const text = { kind: kinds.text, content: new TextEncoder().encode('from my phone') }
    office.post(own, [await own.seal(bobId, [alice], text)])
    const { messages } = await alice.read([own])
    expect(messages).toMatchObject([
      {
        content: 'from my phone',
        is_mine: true,
        peer_user_id: bobId,
        sender_user_id: alice.userId,
        is_read_by_peer: false,
      },
    ])
  })

  it('takes no copy from anybody else: nobody puts words into the mouth of the user', async () => {
    const { alice, bob, office } = await pair()
    const content = new Uint8Array([...new Uint8Array(16), kinds.text, ...new TextEncoder().encode('I said that')])
    office.post(bob, [await bob.seal(alice.userId, [alice], { kind: kinds.ownCopy, content })])
    expect(await alice.texts([bob])).toEqual([])
  })

  it('tells to whom an empty envelope is due', async () => {
    const { alice, bob, say } = await pair()
    await say(...Array.from({ length: 99 }, (_, index) => `${index}`))
    expect((await alice.read([bob])).control_due).toEqual([])
    await say('100')
    expect((await alice.read([bob], { after: 99 })).control_due).toEqual([bob.userId])
    await alice.text([bob], '', { clientMessageId: null, payload: { kind: 'empty' } })
    await say('101')
    expect((await alice.read([bob], { after: 99 })).control_due).toEqual([])
  })
})

describe('an own message', () => {
  it('stands in the mailbox as a note that opens for this device and this message alone', async () => {
    const { alice, bob, office } = await pair()
    const carol = await ManagedUser.create(devices)
    const sends = await alice.begin(bob, await bob.bundle(), 'my words')
    office.post(alice, sends)
    const note = { ...(alice.mailbox[0] ?? expect.fail('no note')) }
    carol.deliver({ ...note, senderUserId: carol.userId, senderDeviceId: carol.deviceId })
    alice.deliver({ ...note, messageId: newId() })
    alice.deliver({ ...note, senderUserId: bob.userId, senderDeviceId: bob.deviceId })
    alice.deliver(note)
    expect(await carol.texts([])).toEqual([])
    expect(await reasons(carol)).toEqual(['open_failed'])
    const { messages } = await alice.read([bob])
    expect(messages).toMatchObject([
      { content: 'my words', id: sends[0]?.message_id, is_mine: true, peer_user_id: bob.userId, verified: true },
    ])
    expect(await reasons(alice)).toEqual(['open_failed', 'address'])
  })

  it('is read when its receiver says so, and not when somebody else does or it was only delivered', async () => {
    const { alice, bob, office } = await pair()
    const eve = await EndToEnd.create(devices.algorithms)
    office.join(eve)
    await eve.start(alice, alice.bundle())
    const sends = await alice.begin(bob, await bob.bundle(), 'did you see')
    office.post(alice, sends)
    const message_ids = [sends[0]?.message_id ?? '', newId()]
    const tell = async (from: EndToEnd, kind: 'read' | 'delivered') =>
      office.post(from, [await from.seal(alice.userId, [alice], control({ type: 'receipt', kind, message_ids }))])
    const isRead = async () => (await alice.read([bob, eve])).messages[0]?.is_read_by_peer
    await tell(eve, 'read')
    expect((await alice.read([bob, eve])).receipts).toEqual([])
    await tell(bob, 'delivered')
    const delivered = await alice.read([bob, eve])
    const known = message_ids.slice(0, 1)
    expect(delivered.receipts).toEqual([{ from_user_id: bob.userId, kind: 'delivered', message_ids: known }])
    expect(await isRead()).toBe(false)
    await tell(bob, 'read')
    expect((await alice.read([bob, eve])).receipts).toEqual([
      { from_user_id: bob.userId, kind: 'read', message_ids: known },
    ])
    expect(await isRead()).toBe(true)
  })
})

describe('a critical message', () => {
  it('is known by the control of its own sender, whether that comes before or behind it', async () => {
    const { alice, bob, office } = await pair()
    const eve = await EndToEnd.create(devices.algorithms)
    office.join(eve)
    await eve.start(alice, alice.bundle())
    const ids = [newId(), newId(), newId()]
    const announce = async (from: EndToEnd, message_id = '') => {
      const value = control({ type: 'importance', importance: 'critical', message_id })
      office.post(from, [await from.seal(alice.userId, [alice], value)])
    }
    await announce(bob, ids[0])
    office.post(bob, [await bob.text(alice, 'before', ids[0])])
    office.post(bob, [await bob.text(alice, 'behind', ids[1])])
    await announce(bob, ids[1])
    await announce(eve, ids[2])
    office.post(bob, [await bob.text(alice, 'by eve', ids[2])])
    const { messages } = await alice.read([bob, eve])
    expect(messages.map(message => [message.content, message.message_type])).toEqual([
      ['before', 'critical'],
      ['behind', 'critical'],
      ['by eve', 'secured'],
    ])
  })

  it('is listed until it was read, and gets one receipt, which is due until it was stored', async () => {
    const alice = await ManagedUser.create(devices)
    const bob = await ManagedUser.create(devices)
    const office = createPostOffice()
    office.join(alice, bob)
    office.post(bob, await bob.begin(alice, alice.bundle(), 'plain'))
    office.post(bob, await bob.text([alice], 'urgent', { type: 'critical' }))
    office.post(bob, await bob.text([alice], 'plain again'))
    await alice.read([bob])
    const list = async (after: number, read_up_to: number) =>
      (await alice.read([bob], { after, read_up_to })).messages.map(message => message.content)
    expect(await list(3, 0)).toEqual(['urgent', 'plain again'])
    expect(await list(4, 0)).toEqual(['urgent'])
    expect(await list(4, 3)).toEqual([])
    const take = (up_to: number, stored: string[] = []) =>
      devices.run(alice.userId, 'take_receipts', { epoch: 1, up_to, stored })
    expect((await take(2)).receipts).toEqual([])
    const [due] = (await take(4)).receipts
    expect(due).toEqual({ to_user_id: bob.userId, message_ids: [alice.mailbox[2]?.messageId] })
    expect((await take(4)).receipts).toEqual([due])
    expect((await take(4, due?.message_ids)).receipts).toEqual([])
  })
})

describe('an end', () => {
  it('drops the sessions with its sender, keeps the key of the sender, and a session begun after it', async () => {
    const { alice, bob, office, say } = await pair()
    await say('one')
    await alice.read([bob])
    devices.clock.advance(1_000)
    office.post(bob, [await bob.seal(alice.userId, [alice], control({ type: 'end' }))])
    devices.clock.advance(1_000)
    const answered = await devices.run(alice.userId, 'answer_request', {
      request: await bob.request(alice.userId),
      from_record: bob.recordText(),
    })
    await alice.read([bob])
    const status = await devices.run(alice.userId, 'session_status', { peer_user_id: bob.userId })
    expect(status).toMatchObject({ active: true, session_id: answered.session_id })
    devices.clock.advance(1_000)
    await bob.complete(answered.response)
    office.post(bob, [await bob.seal(alice.userId, [alice], control({ type: 'end' }))])
    await alice.read([bob])
    expect(await devices.run(alice.userId, 'session_status', { peer_user_id: bob.userId })).toEqual({
      active: false,
      session_id: null,
      established_at: null,
    })
    const impostor = await EndToEnd.create(devices.algorithms, bob.userId, { device: bob.deviceId })
    await expect(alice.seal([impostor], 'x')).rejects.toMatchObject({ code: 'record_refused' })
  })
})
