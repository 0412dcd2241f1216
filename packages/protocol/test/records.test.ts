import { beforeAll, describe, expect, it } from 'vitest'
import { Writer } from '../src/codec/writer.js'
import {
  acceptDeviceRecord,
  acceptPrekey,
  acceptRequest,
  acceptResponse,
  type DeviceRecord,
  decodeBundle,
  decodeDeviceRecord,
  decodePrekey,
  decodeRequest,
  decodeResponse,
  makeDeviceRecord,
  makePrekey,
  makeRequest,
  type ProtocolReason,
  respond,
  signatureBytes,
  wrapSign,
} from '../src/index.js'
import { nobleAlgorithms } from './support/noble-algorithms.js'
import { Person } from './support/person.js'

const clock = { now: 1_800_000_000_000 }
const algorithms = nobleAlgorithms('records', clock)
const dayMs = 86_400_000
let alice: Person
let bob: Person

const reasonOf = async (work: () => unknown): Promise<ProtocolReason | 'taken'> => {
  try {
    await work()
    return 'taken'
  } catch (error) {
    return (error as { reason: ProtocolReason }).reason
  }
}

/** Bytes with one bit changed. */
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

/** About `count` places over the whole length, first and last byte among them. */
const places = (length: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => Math.floor((index * (length - 1)) / (count - 1)))

const signAgain = async (person: Person, purpose: 'request', bytes: Uint8Array): Promise<Uint8Array> => {
  const unsigned = bytes.subarray(0, bytes.length - signatureBytes)
  return new Writer()
    .bytes(unsigned)
    .bytes(await wrapSign(algorithms, person.local, purpose, 1, unsigned))
    .finish()
}

beforeAll(async () => {
  alice = await Person.create(algorithms, 1)
  bob = await Person.create(algorithms, 2)
})

describe('a device record', () => {
  it('is 1735 bytes with one suite, and is read as it was made', async () => {
    expect(alice.record.bytes.length).toBe(1_735)
    expect(decodeDeviceRecord(alice.record.bytes)).toEqual(alice.record)
    expect(
      await reasonOf(() => acceptDeviceRecord(algorithms, alice.record, { user: alice.local.user, device: 1 })),
    ).toBe('taken')
  })

  it('is refused with any bit changed', async () => {
    for (const at of places(alice.record.bytes.length, 120)) {
      const verdict = await reasonOf(() =>
        acceptDeviceRecord(algorithms, decodeDeviceRecord(flipped(alice.record.bytes, at))),
      )
      expect(verdict, `byte ${at}`).not.toBe('taken')
    }
  })

  it('is refused from the future, when it has expired, and for another user, device or key', async () => {
    const make = (createdAt: number, expiresAt: number) =>
      makeDeviceRecord(algorithms, alice.local, { createdAt, expiresAt })
    const accept = (record: DeviceRecord, expected = {}) =>
      reasonOf(() => acceptDeviceRecord(algorithms, record, expected))
    expect(await accept(await make(clock.now + 300_000, 0))).toBe('taken')
    expect(await accept(await make(clock.now + 300_001, 0))).toBe('time')
    expect(await accept(await make(clock.now - dayMs, clock.now + 1))).toBe('taken')
    expect(await accept(await make(clock.now - dayMs, clock.now))).toBe('time')
    expect(await accept(alice.record, { user: bob.local.user })).toBe('address')
    expect(await accept(alice.record, { device: 2 })).toBe('address')
    expect(await accept(alice.record, { pinned: bob.record.identityKey })).toBe('identity')
    expect(await accept(alice.record, { pinned: alice.record })).toBe('taken')
  })

  it('never changes its flags or suites: only the identity key staying is not enough', async () => {
    const make = (change: object) =>
      makeDeviceRecord(algorithms, { ...alice.local, ...change }, { createdAt: clock.now, expiresAt: 0 })
    const accept = (record: DeviceRecord) =>
      reasonOf(() => acceptDeviceRecord(algorithms, record, { pinned: alice.record }))
    expect(await accept(await make({ managed: true }))).toBe('identity')
    expect(await accept(await make({ suites: [1, 2] }))).toBe('identity')
  })

  it('has an ascending list of at most 16 suites that holds its own, a device id over 0, and known flags', async () => {
    const times = { createdAt: clock.now, expiresAt: 0 }
    for (const suites of [[], [2], [2, 1], [1, 1], Array.from({ length: 17 }, (_, index) => index + 1)]) {
      await expect(makeDeviceRecord(algorithms, { ...alice.local, suites }, times)).rejects.toMatchObject({
        code: 'usage',
      })
    }
    await expect(makeDeviceRecord(algorithms, { ...alice.local, device: 0 }, times)).rejects.toMatchObject({
      code: 'usage',
    })
    const many = { ...alice.local, suites: Array.from({ length: 16 }, (_, index) => index + 1) }
    expect((await makeDeviceRecord(algorithms, many, times)).suites).toEqual(many.suites)
    const offsetOf = { version: 0, device: 19, flags: 23, count: 24 + 16 + 962 }
    const set = (offset: number, value: number) =>
      alice.record.bytes.map((byte, index) => (index === offset ? value : byte))
    const noDevice = alice.record.bytes.slice()
    noDevice.fill(0, offsetOf.device, offsetOf.device + 4)
    for (const bytes of [
      set(offsetOf.version, 2),
      set(offsetOf.flags, 2),
      set(offsetOf.count, 0),
      set(offsetOf.count, 2),
      noDevice,
    ]) {
      expect(() => decodeDeviceRecord(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }))
    }
  })

  it('of a suite that is not spoken here is read and not taken', async () => {
    const bytes = alice.record.bytes.slice()
    bytes[2] = 9
    bytes[24 + 16 + 962 + 2] = 9
    expect(await reasonOf(() => acceptDeviceRecord(algorithms, decodeDeviceRecord(bytes)))).toBe('suite')
    expect(await reasonOf(() => acceptDeviceRecord(algorithms, alice.record, { seenSuite: 1 }))).toBe('taken')
  })
})

describe('a prekey', () => {
  it('is 1992 bytes, lives 30 days at most, and has an id over 0', async () => {
    const make = (id: number, notAfter: number) => makePrekey(algorithms, alice.local, { id, kind: 2, notAfter })
    const { prekey, secrets } = await make(7, clock.now + 30 * dayMs)
    expect(prekey.bytes.length).toBe(1_992)
    expect(decodePrekey(prekey.bytes)).toEqual(prekey)
    expect(secrets.kem.publicKey).toEqual(prekey.kem)
    await expect(make(7, clock.now + 30 * dayMs + 1)).rejects.toMatchObject({ code: 'usage' })
    await expect(make(7, clock.now)).rejects.toMatchObject({ code: 'usage' })
    await expect(make(0, clock.now + 1)).rejects.toMatchObject({ code: 'usage' })
  })

  it('is refused with any bit changed, of another device, and when it is over', async () => {
    const { record, prekey } = await alice.bundle()
    for (const at of places(prekey.bytes.length, 60)) {
      const verdict = await reasonOf(() => acceptPrekey(algorithms, decodePrekey(flipped(prekey.bytes, at)), record))
      expect(verdict, `byte ${at}`).not.toBe('taken')
    }
    expect(await reasonOf(() => acceptPrekey(algorithms, prekey, bob.record))).toBe('signature')
    const later = { ...algorithms, now: () => prekey.notAfter }
    expect(await reasonOf(() => acceptPrekey(later, prekey, record))).toBe('time')
    expect(await reasonOf(() => acceptPrekey(algorithms, prekey, record))).toBe('taken')
  })

  it('stands in a bundle with the record of its device, and bytes behind it are refused', async () => {
    const { record, prekey } = await alice.bundle()
    const bytes = new Writer().u8(1).lp(record.bytes).bytes(prekey.bytes).finish()
    expect(decodeBundle(bytes)).toEqual({ record, prekey })
    expect(() => decodeBundle(new Writer().bytes(bytes).u8(0).finish())).toThrow('behind the end')
    expect(() => decodeBundle(bytes.subarray(0, -1))).toThrow('the bytes end within')
  })
})

describe('a request and its response', () => {
  it('are refused with any bit changed', async () => {
    const request = await alice.request(bob)
    const { response } = await respond(algorithms, bob.local, bob.record, request)
    const judgeRequest = (bytes: Uint8Array) =>
      reasonOf(() => acceptRequest(algorithms, decodeRequest(bytes), bob.local.user))
    const judgeResponse = (bytes: Uint8Array) =>
      reasonOf(() => acceptResponse(algorithms, decodeResponse(bytes), decodeRequest(request)))
    expect([await judgeRequest(request), await judgeResponse(response)]).toEqual(['taken', 'taken'])
    for (const at of places(request.length, 60))
      expect(await judgeRequest(flipped(request, at)), `byte ${at}`).not.toBe('taken')
    for (const at of places(response.length, 60))
      expect(await judgeResponse(flipped(response, at)), `byte ${at}`).not.toBe('taken')
  })

  it('agree on who asks whom, in time', async () => {
    const request = decodeRequest(await alice.request(bob))
    const accept = (now: number, pinned?: Uint8Array) =>
      reasonOf(() => acceptRequest({ ...algorithms, now: () => now }, request, bob.local.user, pinned))
    expect(await accept(request.createdAt - 300_000)).toBe('taken')
    expect(await accept(request.createdAt - 300_001)).toBe('time')
    expect(await accept(request.expiresAt - 1)).toBe('taken')
    expect(await accept(request.expiresAt)).toBe('time')
    expect(await accept(clock.now, bob.record.identityKey)).toBe('identity')
    expect(await reasonOf(() => acceptRequest(algorithms, request, alice.local.user))).toBe('address')
    const options = { requestId: new Uint8Array(16), toUser: bob.local.user, lifeMs: 14 * dayMs + 1 }
    await expect(makeRequest(algorithms, alice.local, alice.record, options)).rejects.toMatchObject({ code: 'usage' })
  })

  it('hold the ids of the record within', async () => {
    const bytes = (await alice.request(bob)).slice()
    bytes[18] = (bytes[18] as number) ^ 1 // fromUser
    const foreign = decodeRequest(await signAgain(alice, 'request', bytes))
    expect(await reasonOf(() => acceptRequest(algorithms, foreign, bob.local.user))).toBe('address')
  })

  it('belong together: a response to another request is refused', async () => {
    const [first, second] = [await alice.request(bob), await alice.request(bob)]
    const { response } = await respond(algorithms, bob.local, bob.record, first)
    expect(await reasonOf(() => acceptResponse(algorithms, decodeResponse(response), decodeRequest(second)))).toBe(
      'address',
    )
  })
})
