import { decodeBase64 } from '@qsm/contract'
import { flags, parseEnvelope } from '@qsm/protocol'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EndToEnd } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import type { Party, Send } from './support/post-office.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

const handshakes = [
  'prekey of the device',
  'prekey of the client',
  'request of the client',
  'request of the device',
] as const
type Handshake = (typeof handshakes)[number]

/** What the device's side does, whoever plays it. */
interface Side {
  readonly party: Party
  /** Connects with the client; returns what is sent by that already. */
  connect(client: EndToEnd, handshake: Handshake): Promise<readonly Send[]>
  say(client: EndToEnd, text: string): Promise<readonly Send[]>
  /** Takes what the client sent, and gives the texts in it. */
  hear(client: EndToEnd, sends: readonly Send[]): Promise<readonly (string | null)[]>
}

const managedSide = async (): Promise<Side> => {
  const alice = await ManagedUser.create(devices)
  return {
    party: alice,
    async connect(client, handshake) {
      if (handshake === 'prekey of the client') return alice.begin(client, await client.bundle(), 'first')
      if (handshake === 'prekey of the device') await client.start(alice, alice.bundle())
      if (handshake === 'request of the client') {
        const request = await client.request(alice.userId)
        const input = { request, from_record: client.recordText() }
        await client.complete((await devices.run(alice.userId, 'answer_request', input)).response)
      }
      if (handshake === 'request of the device') {
        const { handshake: request } = await devices.run(alice.userId, 'make_request', { to_user_id: client.userId })
        return alice.text([client], 'first', { responses: [await client.answer(request)] })
      }
      return []
    },
    say: (client, text) => alice.text([client], text),
    async hear(client, sends) {
      const after = alice.mailbox.length
      for (const send of sends) {
        const of = { messageId: send.message_id, senderUserId: client.userId, senderDeviceId: client.deviceId }
        for (const envelope of send.envelopes) alice.deliver({ ...of, envelope, body: send.body, isNote: false })
      }
      return (await alice.read([client], { after })).messages.map(message => message.content)
    },
  }
}

const plainSide = async (): Promise<Side> => {
  const alice = await EndToEnd.create(devices.algorithms)
  return {
    party: alice,
    async connect(client, handshake) {
      if (handshake === 'prekey of the device') await client.start(alice, await alice.bundle())
      if (handshake === 'request of the client')
        await client.complete(await alice.answer(await client.request(alice.userId)))
      if (handshake === 'prekey of the client') await alice.start(client, await client.bundle())
      if (handshake === 'request of the device')
        await alice.complete(await client.answer(await alice.request(client.userId)))
      const isDeviceFirst = handshake === 'prekey of the client' || handshake === 'request of the device'
      return isDeviceFirst ? [await alice.text(client, 'first')] : []
    },
    say: async (client, text) => [await alice.text(client, text)],
    async hear(_client, sends) {
      const heard: (string | null)[] = []
      for (const { envelopes, body } of sends) heard.push((await alice.open(envelopes[0] ?? '', body)).text)
      return heard
    },
  }
}

/** Who speaks how often: the same turns each time, of 1 to 9 texts, some of them long. */
const turns = (total: number): readonly { readonly byDevice: boolean; readonly texts: readonly string[] }[] => {
  const all: { byDevice: boolean; texts: string[] }[] = []
  for (let said = 0, turn = 0; said < total; turn += 1) {
    const size = Math.min(1 + ((turn * 7) % 9), total - said)
    const texts = Array.from({ length: size }, (_, index) => `${said + index} `.repeat(1 + ((said + index) % 97)))
    all.push({ byDevice: turn % 2 === 1, texts })
    said += size
  }
  return all
}

/** Everything of an envelope that a stranger sees and that does not hang on keys, times and ids. */
const shapeOf = (text: string) => {
  const { bytes, header, blocks } = parseEnvelope(decodeBase64(text))
  const { type, suite, seq, epoch, pn, n, ekAck, ctLen } = header
  const isManaged = (header.flags & flags.managed) !== 0
  const others = header.flags & ~flags.managed
  return {
    isManaged,
    bytes: bytes.length,
    blocks: blocks.length,
    flags: others,
    type,
    suite,
    seq,
    epoch,
    pn,
    n,
    ekAck,
    ctLen,
  }
}
type Shape = ReturnType<typeof shapeOf>

/** A conversation; each text has to arrive. Returns the shapes of what both sides have sent. */
const converse = async (side: Side, handshake: Handshake, total: number) => {
  const client = await EndToEnd.create(devices.algorithms)
  const shapes = { device: [] as Shape[], client: [] as Shape[] }
  const note = (kept: Shape[], sends: readonly Send[]) =>
    kept.push(...sends.flatMap(send => send.envelopes.map(shapeOf)))
  const first = await side.connect(client, handshake)
  note(shapes.device, first)
  for (const { envelopes } of first) expect((await client.open(envelopes[0] ?? '')).text).toBe('first')
  for (const { byDevice, texts } of turns(total)) {
    const sends: Send[] = []
    for (const text of texts) {
      sends.push(...(byDevice ? await side.say(client, text) : [await client.text(side.party, text)]))
    }
    note(byDevice ? shapes.device : shapes.client, sends)
    if (!byDevice) expect(await side.hear(client, sends)).toEqual(texts)
    else
      for (const [index, { envelopes, body }] of sends.entries()) {
        expect((await client.open(envelopes[0] ?? '', body)).text).toBe(texts[index])
      }
  }
  return shapes
}

describe.each(handshakes)('a conversation begun by a %s', handshake => {
  it('goes on for 250 texts, and but for the managed flag it looks like one of two end-to-end clients', async () => {
    const managed = await converse(await managedSide(), handshake, 250)
    const plain = await converse(await plainSide(), handshake, 250)
    expect(managed.device.every(shape => shape.isManaged)).toBe(true)
    expect([...managed.client, ...plain.device, ...plain.client].some(shape => shape.isManaged)).toBe(false)
    expect(managed.device.map(shape => ({ ...shape, isManaged: false }))).toEqual(plain.device)
    expect(managed.client).toEqual(plain.client)
    // Turns with and without KEM steps were among them.
    expect(managed.device.some(shape => (shape.flags & flags.hasCt) !== 0)).toBe(true)
    expect(Math.max(...managed.device.map(shape => shape.epoch))).toBeGreaterThan(20)
  }, 180_000)
})

describe('a send to several devices', () => {
  it('looks like that of an end-to-end client: envelopes, own copies and the body apart', async () => {
    const [managed, plain] = [await ManagedUser.create(devices), await EndToEnd.create(devices.algorithms, newId())]
    const shapes: Shape[][] = []
    const bodies: (number | undefined)[] = []
    for (const alice of [managed, plain]) {
      const bob = await EndToEnd.create(devices.algorithms)
      const targets = [
        bob,
        await EndToEnd.create(devices.algorithms, bob.userId),
        await EndToEnd.create(devices.algorithms, alice.userId),
      ]
      const bundles = await Promise.all(
        targets.map(async each => ({ user_id: each.userId, device_id: each.deviceId, bundle: await each.bundle() })),
      )
      const content = { kind: 1, content: new TextEncoder().encode('to all of them '.repeat(40)) }
      const text = new TextDecoder().decode(content.content)
      if (alice instanceof EndToEnd) {
        for (const [index, target] of targets.entries()) await alice.start(target, bundles[index]?.bundle ?? '')
      }
      const [send] =
        alice instanceof EndToEnd
          ? [await alice.seal(bob.userId, targets, content)]
          : await alice.text(targets, text, { bundles })
      shapes.push((send?.envelopes ?? []).map(shapeOf).map(shape => ({ ...shape, isManaged: false })))
      bodies.push(send?.body?.length)
    }
    expect(shapes[0]).toHaveLength(3)
    expect(shapes[0]).toEqual(shapes[1])
    expect(bodies[0]).toBe(bodies[1])
  })
})
