import { describe, expect, it } from 'vitest'
import {
  defaultPolicy,
  emptyControl,
  isControlAdvised,
  type ProtocolReason,
  parseEnvelope,
  peerTidyAt,
  type Session,
  sendingEntry,
  signatureBytes,
  tidyPeer,
  wrapSign,
} from '../src/index.js'
import { policies } from './support/exchange.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { Person, startedPair, talkingPair } from './support/person.js'

// Signatures are hollow here (see fast-algorithms.ts): these rules are about the ratchet.
const dayMs = 86_400_000
const reasonOf = async (work: Promise<unknown>): Promise<ProtocolReason | 'taken'> =>
  work.then(
    () => 'taken' as const,
    (error: { reason: ProtocolReason }) => error.reason,
  )
const sessionOf = (from: Person, to: Person): Session => {
  const entry = sendingEntry(from.known(to).entries)
  if (!entry) throw new Error('there is no session')
  return entry.session
}
/** An envelope with four bytes at `offset` set to `value`, signed again by its sender. */
const signedWith = async (from: Person, bytes: Uint8Array, offset: number, value: number): Promise<Uint8Array> => {
  const changed = bytes.slice()
  new DataView(changed.buffer).setUint32(offset, value)
  const unsigned = changed.subarray(0, -signatureBytes)
  changed.set(await wrapSign(from.algorithms, from.local, 'env', 1, unsigned), unsigned.length)
  return changed
}
const offsets = { epoch: 93, pn: 97, n: 101, ekAck: 105 }

describe('skipped envelopes', () => {
  it('are opened later, up to 1000 in a chain; what skips more is refused and changes nothing', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const sent: Uint8Array[] = []
    for (let n = 0; n <= 1_001; n += 1) sent.push(await alice.send(bob, `${n}`))
    const before = bob.snapshot()
    expect(await reasonOf(bob.receive(alice, sent[1_001] as Uint8Array))).toBe('too_many_skipped')
    expect(bob.store).toEqual(before)
    expect(await bob.receive(alice, sent[1_000] as Uint8Array)).toBe('1000')
    expect(sessionOf(bob, alice).skipped.length).toBe(1_000)
    expect(
      await reasonOf(bob.receive(alice, await signedWith(alice, sent[1_001] as Uint8Array, offsets.n, 1_002))),
    ).toBe('too_many_skipped')
    expect(await bob.receive(alice, sent[0] as Uint8Array)).toBe('0')
    expect(await reasonOf(bob.receive(alice, sent[0] as Uint8Array))).toBe('key_gone')
    expect(sessionOf(bob, alice).skipped.length).toBe(999)
  }, 60_000)

  it('at the end of a chain are bounded alike: a new chain that says the old one was longer is refused', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    await bob.receive(alice, await alice.send(bob, 'turn'))
    await alice.receive(bob, await bob.send(alice, 'turn'))
    const next = await alice.send(bob, 'next chain')
    const { pn } = parseEnvelope(next).header
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, next, offsets.pn, pn + 1_001)))).toBe(
      'too_many_skipped',
    )
    expect(await bob.receive(alice, next)).toBe('next chain')
  })

  it('are at most 2000 in a session: the oldest go', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const kept: Uint8Array[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      const skipped: Uint8Array[] = []
      for (let n = 0; n < 800; n += 1) skipped.push(await alice.send(bob, `${turn}/${n}`))
      kept.push(skipped[0] as Uint8Array, skipped[799] as Uint8Array)
      await bob.receive(alice, await alice.send(bob, 'the last of the chain'))
      await alice.receive(bob, await bob.send(alice, 'turn'))
    }
    expect(sessionOf(bob, alice).skipped.length).toBe(2_000)
    expect(await reasonOf(bob.receive(alice, kept[0] as Uint8Array))).toBe('key_gone')
    expect(await bob.receive(alice, kept[1] as Uint8Array)).toBe('0/799')
    expect(await bob.receive(alice, kept[2] as Uint8Array)).toBe('1/0')
  }, 60_000)

  it('are kept for 14 days, also where nothing is heard', async () => {
    const clock = { now: 1_800_000_000_000 }
    const { alice, bob } = await talkingPair(seed => fastAlgorithms(seed, clock))
    const [first, second] = [await alice.send(bob, 'first'), await alice.send(bob, 'second')]
    await bob.receive(alice, await alice.send(bob, 'third'))
    expect(peerTidyAt(bob.known(alice))).toBe(clock.now + 14 * dayMs)
    clock.now += 14 * dayMs - 1
    expect(tidyPeer(bob.known(alice), clock.now)).toEqual(bob.known(alice))
    expect(await bob.receive(alice, first)).toBe('first')
    clock.now += 1
    expect(await reasonOf(bob.receive(alice, second))).toBe('key_gone')
    const tidied = tidyPeer(bob.known(alice), clock.now)
    expect(tidied.entries[0]?.session.skipped).toEqual([])
    expect(tidied.generation).toBe(bob.known(alice).generation + 1)
    expect(peerTidyAt(tidied)).toBeNull()
  })

  it('are kept of the last five receiving chains', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const skipped: Uint8Array[] = []
    for (let turn = 0; turn < 7; turn += 1) {
      skipped.push(await alice.send(bob, `skipped ${turn}`))
      await bob.receive(alice, await alice.send(bob, 'turn'))
      await alice.receive(bob, await bob.send(alice, 'turn'))
    }
    expect(sessionOf(bob, alice).receiving.length).toBe(5)
    expect(await reasonOf(bob.receive(alice, skipped[1] as Uint8Array))).toBe('out_of_turn')
    expect(await bob.receive(alice, skipped[2] as Uint8Array)).toBe('skipped 2')
  })
})

describe('a chain', () => {
  it('begins only in turn, with the next epoch, and says no old chain shorter than it was seen', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const next = await alice.send(bob, 'next')
    const { epoch, pn } = parseEnvelope(next).header
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, next, offsets.epoch, epoch + 2)))).toBe(
      'out_of_turn',
    )
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, next, offsets.epoch, epoch - 1)))).toBe(
      'out_of_turn',
    )
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, next, offsets.pn, pn - 1)))).toBe('out_of_turn')
    expect(await bob.receive(alice, next)).toBe('next')
    // Bob's turn now: another unknown point of Alice is out of turn.
    const rolledBack = await alice.send(bob, 'same chain')
    const changed = rolledBack.slice()
    changed.set((await alice.algorithms.classical.generateP256()).publicKey, 109)
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, changed, offsets.epoch, epoch + 1)))).toBe(
      'out_of_turn',
    )
  })

  it('keeps its epoch and its ct: under a known point others are refused', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const policy = policies['every turn']
    const [first, second] = [await alice.send(bob, 'first', policy), await alice.send(bob, 'second', policy)]
    const { epoch } = parseEnvelope(first).header
    expect(parseEnvelope(first).ct).not.toBeNull()
    await bob.receive(alice, first)
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, second, offsets.epoch, epoch + 2)))).toBe('chain')
    const ctAt = 226 + (parseEnvelope(second).ek ? 1188 : 0) + 4
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, second, ctAt, 1)))).toBe('chain')
    expect(await bob.receive(alice, second)).toBe('second')
  })
})

describe('KEM keys', () => {
  it('are attached until the peer has named them, and one is outstanding a side', async () => {
    const { alice, bob } = await startedPair(fastAlgorithms)
    await bob.receive(alice, await alice.send(bob, 'one'))
    const fromBob = [await bob.send(alice, 'b1'), await bob.send(alice, 'b2')].map(bytes => parseEnvelope(bytes))
    expect(fromBob.map(({ ek }) => ek?.id)).toEqual([1, 1])
    await alice.receive(bob, fromBob[1]?.bytes as Uint8Array)
    const answer = await alice.send(bob, 'two')
    expect(parseEnvelope(answer).header.ekAck).toBe(1)
    await bob.receive(alice, answer)
    const after = parseEnvelope(await bob.send(alice, 'b3'))
    expect([after.ek, after.header.ekAck]).toEqual([null, 1])
  })

  it('are numbered from where the mode begins: 2 is the first ratchet key of A in mode B, 1 of G in mode A', async () => {
    const a = await Person.create(fastAlgorithms('ids/a'), 1)
    const b = await Person.create(fastAlgorithms('ids/b'), 2)
    await a.complete(b, await b.answer(a, await a.request(b)))
    const fromA = parseEnvelope(await a.send(b, 'one'))
    expect([fromA.ek?.id, fromA.header.ekAck, fromA.header.epoch]).toEqual([2, 1, 1])
    const fromB = parseEnvelope(await b.send(a, 'two'))
    expect([fromB.ek, fromB.header.ekAck, fromB.header.epoch]).toEqual([null, 1, 0])
  })

  it('above the own newest are not acknowledged by an honest peer: the envelope is refused', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const envelope = await alice.send(bob, 'next')
    const ekAck = sessionOf(bob, alice).ownKemId + 1
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, envelope, offsets.ekAck, ekAck)))).toBe('kem_key')
    expect(await bob.receive(alice, envelope)).toBe('next')
  })

  it('are erased in the step that uses them: a ct to another key is refused', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const envelope = await alice.send(bob, 'next', policies['every turn'])
    const at = 226 + (parseEnvelope(envelope).ek ? 1188 : 0)
    expect(await reasonOf(bob.receive(alice, await signedWith(alice, envelope, at, 77)))).toBe('kem_key')
    await bob.receive(alice, envelope)
    expect(sessionOf(bob, alice).ownKem).toBeNull()
  })
})

describe('an empty control envelope', () => {
  it('is advised after 100 envelopes without an answer, or 24 hours after the first, and turns the ratchet', async () => {
    const clock = { now: 1_800_000_000_000 }
    const { alice, bob } = await talkingPair(seed => fastAlgorithms(seed, clock))
    const advised = () => isControlAdvised(bob.known(alice), defaultPolicy, clock.now)
    for (let n = 0; n < 99; n += 1) await bob.receive(alice, await alice.send(bob, `${n}`))
    expect(advised()).toBe(false)
    // An empty one does not count, or two silent sides would answer each other without end.
    await bob.receive(alice, await alice.seal(bob, emptyControl(new Uint8Array(16))))
    expect(advised()).toBe(false)
    await bob.receive(alice, await alice.send(bob, '100'))
    expect(advised()).toBe(true)
    const { epoch } = sessionOf(alice, bob).sending ?? { epoch: -1 }
    const control = await bob.seal(alice, emptyControl(new Uint8Array(16)))
    expect(advised()).toBe(false)
    expect((await alice.open(bob, control)).content).toEqual({ kind: 0, content: new Uint8Array(0) })
    await alice.receive(bob, control)
    expect(parseEnvelope(await alice.send(bob, 'turned')).header.epoch).toBe(epoch + 2)
    await bob.receive(alice, await alice.send(bob, 'one'))
    clock.now += defaultPolicy.controlAfterMs - 1
    expect(advised()).toBe(false)
    clock.now += 1
    expect(advised()).toBe(true)
  })
})
