import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Writer } from '../src/codec/writer.js'
import {
  canSend,
  completeRequest,
  decodeRequest,
  deriveHandshakeKeys,
  isLowerSuite,
  type Party,
  type ProtocolReason,
  parseEnvelope,
  sealTo,
  signatureBytes,
  startSession,
  transcriptHash,
  wrapSign,
} from '../src/index.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { nobleAlgorithms } from './support/noble-algorithms.js'
import { Person, textMessage } from './support/person.js'

const { classical } = fastAlgorithms('transcript')
let alice: Person
let bob: Person
let carol: Person

const reasonOf = async (work: Promise<unknown>): Promise<ProtocolReason | 'taken'> =>
  work.then(
    () => 'taken' as const,
    (error: { reason: ProtocolReason }) => error.reason,
  )

beforeAll(async () => {
  // Their signatures are hollow (see fast-algorithms.ts), but break with any bit, so that what is refused is the same.
  alice = await Person.create(fastAlgorithms('handshake/alice'), 1)
  bob = await Person.create(fastAlgorithms('handshake/bob'), 2)
  carol = await Person.create(fastAlgorithms('handshake/carol'), 3)
})

describe('the key schedule', () => {
  const party = (fill: number): Party => ({
    user: new Uint8Array(16).fill(fill),
    device: fill,
    identityKey: new Uint8Array(962).fill(fill),
    suites: [1],
  })
  const base = {
    suite: 1,
    mode: 1 as 1 | 2,
    initiator: party(1),
    responder: party(2),
    body1: new Uint8Array(1262).fill(3),
    body2: new Uint8Array(2346).fill(4),
  }
  const secrets = () => ({ ss: new Uint8Array(32).fill(5), d: new Uint8Array(32).fill(6) })
  const keysOf = async (transcript: typeof base, { ss, d }: Record<'ss' | 'd', Uint8Array> = secrets()) => {
    const keys = await deriveHandshakeKeys(
      classical,
      transcript.suite,
      ss,
      d,
      await transcriptHash(classical, transcript),
    )
    return [keys.transcriptHash, keys.sid, keys.rootKey, keys.chainKey, keys.confirmKey].map(key =>
      Buffer.from(key).toString('hex'),
    )
  }
  const flip = (bytes: Uint8Array, bit: number): Uint8Array =>
    bytes.map((byte, index) => (index === Math.floor(bit / 8) % bytes.length ? byte ^ (1 << (bit % 8)) : byte))
  const flipParty = (one: Party, field: number, bit: number): Party =>
    [
      { ...one, user: flip(one.user, bit) },
      { ...one, device: (one.device ^ (1 << (bit % 31))) >>> 0 },
      { ...one, identityKey: flip(one.identityKey, bit) },
      { ...one, suites: [...one.suites, 2 + (bit % 100)] },
    ][field] as Party

  it('gives other keys all through when any bit of any input of TH changes', async () => {
    const genuine = await keysOf(base)
    await fc.assert(
      fc.asyncProperty(fc.nat(11), fc.nat(1_000_000), async (field, bit) => {
        const changed = [
          ...[0, 1, 2, 3].map(part => ({ ...base, initiator: flipParty(base.initiator, part, bit) })),
          ...[0, 1, 2, 3].map(part => ({ ...base, responder: flipParty(base.responder, part, bit) })),
          { ...base, body1: flip(base.body1, bit) },
          { ...base, body2: flip(base.body2, bit) },
          { ...base, mode: 2 as const },
          { ...base, suite: 1 ^ (1 << (bit % 16)) },
        ][field] as typeof base
        const keys = await keysOf(changed)
        for (const [index, key] of keys.entries()) expect(key).not.toBe(genuine[index])
      }),
      { numRuns: 500 },
    )
  })

  it('tells apart where one field ends and the next begins', async () => {
    const moved = { ...base, body1: base.body1.subarray(0, -1), body2: new Uint8Array([3, ...base.body2]) }
    expect((await keysOf(moved))[0]).not.toBe((await keysOf(base))[0])
    const swapped = { ...base, initiator: base.responder, responder: base.initiator }
    expect((await keysOf(swapped))[0]).not.toBe((await keysOf(base))[0])
  })

  it('needs both secrets: a bit of either changes every key', async () => {
    const [th, , ...genuine] = await keysOf(base)
    for (const change of [{ ss: flip(secrets().ss, 9) }, { d: flip(secrets().d, 9) }]) {
      const [sameTh, , ...keys] = await keysOf(base, { ...secrets(), ...change })
      expect(sameTh).toBe(th)
      for (const [index, key] of keys.entries()) expect(key).not.toBe(genuine[index])
    }
  })
})

describe('with the real Falcon and ECDSA', () => {
  it('both modes begin a session on which both sides speak', async () => {
    const a = await Person.create(nobleAlgorithms('real/a'), 1)
    const b = await Person.create(nobleAlgorithms('real/b'), 2)
    await a.start(b, await b.bundle())
    expect(await b.receive(a, await a.send(b, 'by a prekey'))).toBe('by a prekey')
    expect(await a.receive(b, await b.send(a, 'back'))).toBe('back')
    await a.complete(b, await b.answer(a, await a.request(b)))
    expect(a.known(b).entries.length).toBe(2)
    expect(await b.receive(a, await a.send(b, 'by request'))).toBe('by request')
    expect(await a.receive(b, await b.send(a, 'back'))).toBe('back')
  })
})

describe('a session by a prekey (mode A)', () => {
  it('needs no answer: the first envelope carries everything, and so do the next until one came back', async () => {
    await alice.start(bob, await bob.bundle())
    const [first, second] = [await alice.send(bob, 'one'), await alice.send(bob, 'two')]
    expect(await bob.receive(alice, second)).toBe('two')
    expect(await bob.receive(alice, first)).toBe('one')
    const answer = await bob.send(alice, 'three')
    expect(parseEnvelope(answer).prekey).toBeNull()
    expect(await alice.receive(bob, answer)).toBe('three')
    expect([first, second].map(bytes => parseEnvelope(bytes).prekey?.prekeyId)).toEqual([1, 1])
    expect(parseEnvelope(await alice.send(bob, 'four')).prekey).toBeNull()
  })

  it('erases a one-time prekey once an envelope has opened, and begins nothing by it again', async () => {
    const bundle = await bob.bundle()
    await carol.start(bob, bundle)
    const id = `prekey/${bundle.prekey.id}`
    expect(bob.store.has(id)).toBe(true)
    await bob.receive(carol, await carol.send(bob, 'hello'))
    expect(bob.store.has(id)).toBe(false)
    const late = await Person.create(fastAlgorithms('handshake/late'), 4)
    await late.start(bob, bundle)
    expect(await reasonOf(bob.receive(late, await late.send(bob, 'hello')))).toBe('unknown_prekey')
  })

  it('by a last-resort prekey serves many, and none of its sessions begins twice', async () => {
    const bundle = await bob.bundle(2)
    const people = [
      await Person.create(fastAlgorithms('handshake/d'), 5),
      await Person.create(fastAlgorithms('handshake/e'), 6),
    ]
    for (const person of people) {
      await person.start(bob, bundle)
      const first = await person.send(bob, 'hello')
      expect(await bob.receive(person, first)).toBe('hello')
      // The session was dropped, as by age; the prekey still knows it.
      bob.store.delete([...bob.store.keys()].findLast(key => key.startsWith('peer/')) as string)
      expect(await reasonOf(bob.receive(person, first))).toBe('begun_before')
    }
  })

  it('leaves prekey and state as they were when the first envelope does not open', async () => {
    const bundle = await bob.bundle()
    const dave = await Person.create(fastAlgorithms('handshake/dave'), 7)
    await dave.start(bob, bundle)
    const genuine = await dave.send(bob, 'hello')
    const broken = genuine.slice()
    const at = broken.length - signatureBytes - 1 // the tag
    broken[at] = (broken[at] as number) ^ 1
    const unsigned = broken.subarray(0, -signatureBytes)
    broken.set(await wrapSign(dave.algorithms, dave.local, 'env', 1, unsigned), unsigned.length)
    const before = bob.snapshot()
    expect(await reasonOf(bob.receive(dave, broken))).toBe('tag')
    expect(bob.store).toEqual(before)
    expect(await bob.receive(dave, genuine)).toBe('hello')
  })

  it('refuses a wrong sid, a prekey of another kind, and a first envelope without its prekey', async () => {
    const bundle = await bob.bundle()
    const erin = await Person.create(fastAlgorithms('handshake/erin'), 8)
    await erin.start(bob, bundle)
    const first = await erin.send(bob, 'hello')
    const resigned = async (offset: number, value: number) => {
      const bytes = first.slice()
      bytes[offset] = value
      const unsigned = bytes.subarray(0, -signatureBytes)
      bytes.set(await wrapSign(erin.algorithms, erin.local, 'env', 1, unsigned), unsigned.length)
      return bytes
    }
    expect(await reasonOf(bob.receive(erin, await resigned(5, (first[5] as number) ^ 1)))).toBe('unknown_session')
    expect(await reasonOf(bob.receive(erin, await resigned(226 + 4, 2)))).toBe('unknown_prekey')
    expect(await reasonOf(bob.receive(erin, await resigned(226 + 3, 99)))).toBe('unknown_prekey')
  })

  it('refuses a bundle of another device, with a foreign prekey, or another key than the pinned one', async () => {
    const bundle = await bob.bundle()
    const { user, device } = bob.local
    const start = (change: object) =>
      reasonOf(
        startSession(carol.algorithms, carol.local, carol.record, { peer: null, user, device, bundle, ...change }),
      )
    expect(await start({ user: alice.local.user })).toBe('address')
    expect(await start({ device: 9 })).toBe('address')
    expect(await start({ bundle: { ...bundle, prekey: (await alice.bundle()).prekey } })).toBe('signature')
    const imposter = await Person.create(fastAlgorithms('handshake/imposter'), 2)
    expect(await start({ peer: carol.known(bob), bundle: await imposter.bundle() })).toBe('identity')
    expect(await start({ peer: carol.known(bob) })).toBe('taken')
  })

  it('tells when the sender of a known device shows another key', async () => {
    const imposter = await Person.create(fastAlgorithms('handshake/imposter2'), 1)
    await imposter.start(bob, await bob.bundle())
    expect(await reasonOf(bob.receive(alice, await imposter.send(bob, 'it is me')))).toBe('identity')
  })

  it('is not begun by a prekey whose private half is of another id', async () => {
    const bundle = await bob.bundle()
    const other = await bob.bundle()
    const frank = await Person.create(fastAlgorithms('handshake/frank'), 9)
    await frank.start(bob, bundle)
    const first = await frank.send(bob, 'hello')
    bob.store.set(`prekey/${bundle.prekey.id}`, bob.store.get(`prekey/${other.prekey.id}`) as Uint8Array)
    expect(await reasonOf(bob.receive(frank, first))).toBe('unknown_prekey')
  })
})

describe('a session by request and answer (mode B)', () => {
  it('begins at the answer; either side may speak first', async () => {
    const [a, b] = [await Person.create(fastAlgorithms('b/a'), 1), await Person.create(fastAlgorithms('b/b'), 2)]
    await a.complete(b, await b.answer(a, await a.request(b)))
    const [fromB, fromA] = [await b.send(a, 'from b'), await a.send(b, 'from a')]
    expect(await a.receive(b, fromB)).toBe('from b')
    expect(await b.receive(a, fromA)).toBe('from a')
  })

  it('takes one answer, and answers a request once', async () => {
    const request = await alice.request(carol)
    const response = await carol.answer(alice, request)
    expect(await reasonOf(carol.answer(alice, request))).toBe('answered')
    await alice.complete(carol, response)
    await expect(alice.complete(carol, response)).rejects.toThrow('there is no request')
  })

  it('forgets answered requests when they have expired', async () => {
    const clock = { now: 1_800_000_000_000 }
    const [a, b] = [
      await Person.create(fastAlgorithms('c/a', clock), 1),
      await Person.create(fastAlgorithms('c/b', clock), 2),
    ]
    const first = await a.request(b)
    await b.answer(a, first)
    clock.now = decodeRequest(first).expiresAt
    await b.answer(a, await a.request(b))
    expect(b.known(a).answered.length).toBe(1)
    expect(await reasonOf(b.answer(a, first))).toBe('time')
  })

  it('refuses an answer whose confirmation does not hold, though it is signed', async () => {
    const [a, b] = [await Person.create(fastAlgorithms('d/a'), 1), await Person.create(fastAlgorithms('d/b'), 2)]
    const response = (await b.answer(a, await a.request(b))).slice()
    const sign = async (offset: number) => {
      const bytes = response.slice()
      bytes[offset] = (bytes[offset] as number) ^ 1
      const unsigned = bytes.subarray(0, -signatureBytes)
      return new Writer()
        .bytes(unsigned)
        .bytes(await wrapSign(b.algorithms, b.local, 'response', 1, unsigned))
        .finish()
    }
    const ciphertextAt = 2 + 16 + 20 + 20 + 8 + 32 + 65
    expect(await reasonOf(a.complete(b, await sign(response.length - signatureBytes - 1)))).toBe('confirmation')
    // ML-KEM gives another secret without a word: only the confirmation tells.
    expect(await reasonOf(a.complete(b, await sign(ciphertextAt)))).toBe('confirmation')
    expect(a.peer(b)).toBeNull()
    expect(await reasonOf(a.complete(b, response))).toBe('taken')
  })

  it('is only with the user who was asked, whatever device state is handed in', async () => {
    const request = await alice.request(bob)
    const answer = await bob.answer(alice, request)
    const secrets = {
      bytes: request,
      p256: await classical.generateP256(),
      kem: await alice.algorithms.kem.generateKeyPair(),
    }
    expect(await reasonOf(completeRequest(alice.algorithms, secrets, alice.known(carol), answer))).toBe('address')
  })
})

describe('suites', () => {
  it('are never lower, in the own order, than what was seen of a peer', () => {
    const order = [3, 1, 2]
    expect(isLowerSuite(1, 3, order)).toBe(true)
    expect(isLowerSuite(3, 1, order)).toBe(false)
    expect(isLowerSuite(1, 1, order)).toBe(false)
    expect(isLowerSuite(9, 2, order)).toBe(true)
  })
})

describe('a peer without a session', () => {
  it('cannot be sent to, and says what to do', async () => {
    const peer = { generation: 0, record: bob.record, entries: [], answered: [] }
    expect(canSend(peer)).toBe(false)
    const sent = sealTo(alice.algorithms, alice.local, peer, textMessage('hello', new Uint8Array(16)))
    await expect(sent).rejects.toThrow('begin one by a prekey or a request')
  })
})
