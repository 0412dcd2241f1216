import { describe, expect, it } from 'vitest'
import {
  type Content,
  decodeOwnCopy,
  encodeOwnCopy,
  kinds,
  openBodyApart,
  type ProtocolReason,
  parseEnvelope,
  safetyNumber,
  sealBodyApart,
  textOf,
  unpackContent,
} from '../src/index.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { Person } from './support/person.js'

const algorithms = fastAlgorithms('unpack')
const msgId = new Uint8Array(16).fill(9)
const text = (value: string): Content => ({ kind: kinds.text, content: new TextEncoder().encode(value) })
const reasonOf = async (work: Promise<unknown>): Promise<ProtocolReason | 'taken'> =>
  work.then(
    () => 'taken' as const,
    (error: { reason: ProtocolReason }) => error.reason,
  )

describe('a body apart', () => {
  it('is sealed once and opened by the content of each envelope', async () => {
    const long = text('x'.repeat(200_000))
    const { body, content } = await sealBodyApart(algorithms, msgId, long)
    expect([content.kind, content.content.length, body.length % 256]).toEqual([kinds.bodyApart, 64, 32 + 16])
    const opened = await openBodyApart(algorithms, msgId, content.content, body)
    expect(opened.kind).toBe(kinds.text)
    expect(Buffer.from(opened.content).equals(long.content)).toBe(true)
  })

  it('is refused where it is missing, another one, changed, or under another message', async () => {
    const { body, content } = await sealBodyApart(algorithms, msgId, text('hello'))
    const other = await sealBodyApart(algorithms, msgId, text('other'))
    const open = (id: Uint8Array, by: Uint8Array, what: Uint8Array | null) =>
      reasonOf(openBodyApart(algorithms, id, by, what))
    expect(await open(msgId, content.content, null)).toBe('content')
    expect(await open(msgId, content.content, body.subarray(0, 47))).toBe('content')
    expect(await open(msgId, content.content.subarray(1), body)).toBe('content')
    expect(await open(msgId, content.content, other.body)).toBe('content')
    expect(await open(new Uint8Array(16), content.content, body)).toBe('commitment')
    // A sender who names the hash of a changed body is still stopped by commitment and tag.
    for (const [at, reason] of [
      [0, 'commitment'],
      [40, 'tag'],
      [body.length - 1, 'tag'],
    ] as const) {
      const changed = body.with(at, (body[at] as number) ^ 1)
      const named = content.content.slice()
      named.set(await algorithms.classical.sha256(changed), 32)
      expect(await open(msgId, named, changed)).toBe(reason)
    }
  })

  it('holds no body apart and no own copy', async () => {
    for (const kind of [kinds.bodyApart, kinds.ownCopy]) {
      await expect(sealBodyApart(algorithms, msgId, { kind, content: new Uint8Array(64) })).rejects.toMatchObject({
        code: 'usage',
      })
    }
    const { aesGcmSeal } = algorithms.classical
    for (const kind of [kinds.bodyApart, kinds.ownCopy]) {
      const lying = {
        ...algorithms,
        classical: {
          ...algorithms.classical,
          aesGcmSeal: (...[key, nonce, aad, plaintext]: Parameters<typeof aesGcmSeal>) =>
            aesGcmSeal(key, nonce, aad, plaintext.with(0, kind)),
        },
      }
      const { body, content } = await sealBodyApart(lying, msgId, text('hello'))
      expect(await reasonOf(openBodyApart(algorithms, msgId, content.content, body))).toBe('content')
    }
  })
})

describe('an own copy', () => {
  const setUp = async () => {
    const [alice, bob] = [
      await Person.create(fastAlgorithms('own/a'), 1),
      await Person.create(fastAlgorithms('own/b'), 2),
    ]
    const phone = await Person.create(fastAlgorithms('own/p'), 1, 77)
    return { alice, bob, phone }
  }

  it('tells another own device what was sent to whom, also with the body apart', async () => {
    const { alice, bob, phone } = await setUp()
    await alice.start(phone, await phone.bundle())
    const { body, content } = await sealBodyApart(alice.algorithms, msgId, text('hello bob'))
    const bytes = await alice.seal(phone, { type: 1, msgId, content: encodeOwnCopy(bob.local.user, content) })
    const opened = await phone.open(alice, bytes)
    const unpacked = await unpackContent(phone.algorithms, phone.local, parseEnvelope(bytes), opened.content, body)
    expect(unpacked?.toUser).toEqual(bob.local.user)
    expect(unpacked && textOf(unpacked.content)).toBe('hello bob')
  })

  it("from another user is ignored: nobody puts words into one's own mouth", async () => {
    const { alice, bob } = await setUp()
    await bob.start(alice, await alice.bundle())
    const bytes = await bob.seal(alice, { type: 1, msgId, content: encodeOwnCopy(bob.local.user, text('I owe bob')) })
    const opened = await alice.open(bob, bytes)
    expect(opened.content?.kind).toBe(kinds.ownCopy)
    expect(await unpackContent(alice.algorithms, alice.local, parseEnvelope(bytes), opened.content, null)).toBeNull()
  })

  it('is read back, and refused where it ends early or is nested', () => {
    const user = new Uint8Array(16).fill(3)
    expect(decodeOwnCopy(encodeOwnCopy(user, text('hello')).content)).toEqual({ toUser: user, inner: text('hello') })
    expect(() => decodeOwnCopy(new Uint8Array(16))).toThrow('ends early')
    expect(() => decodeOwnCopy(encodeOwnCopy(user, encodeOwnCopy(user, text('hello'))).content)).toThrow(
      'holds an own copy',
    )
    expect(() => encodeOwnCopy(new Uint8Array(15), text('hello'))).toThrow('toUser must be 16 bytes')
  })
})

describe('a text', () => {
  it('is UTF-8 to the letter; other bytes and other kinds are none', () => {
    expect(textOf(text('Grüße, 世界 🔐'))).toBe('Grüße, 世界 🔐')
    expect(textOf({ kind: kinds.text, content: Uint8Array.of(0xef, 0xbb, 0xbf, 0x61) })).toBe('\ufeffa')
    expect(textOf({ kind: kinds.text, content: Uint8Array.of(0xff) })).toBeNull()
    expect(textOf({ kind: kinds.controlJson, content: Uint8Array.of(0x61) })).toBeNull()
  })
})

describe('a safety number', () => {
  const party = (user: number, ...devices: readonly number[]) => ({
    user: new Uint8Array(16).fill(user),
    fingerprints: devices.map(device => new Uint8Array(32).fill(device)),
  })
  const number = (one: ReturnType<typeof party>, other: ReturnType<typeof party>) =>
    safetyNumber(algorithms.classical, one, other)

  it('is sixty digits, the same on both sides, and changes with any device of either', async () => {
    const digits = await number(party(1, 10, 11), party(2, 20))
    expect(digits).toMatch(/^\d{60}$/)
    expect(await number(party(2, 20), party(1, 11, 10))).toBe(digits)
    for (const other of [party(2, 21), party(2, 20, 21), party(3, 20), party(2)])
      expect(await number(party(1, 10, 11), other)).not.toBe(digits)
  })
})
