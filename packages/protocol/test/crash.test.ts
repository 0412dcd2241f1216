import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkSuccession,
  completeRequest,
  decodeRequestSecrets,
  encodePeer,
  ProtocolError,
  type ProtocolReason,
  parseEnvelope,
  sealTo,
} from '../src/index.js'
import { policies } from './support/exchange.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { Person, talkingPair, textMessage } from './support/person.js'

// Signatures are hollow here (see fast-algorithms.ts): these properties are about stored states.
const reasonOf = async (work: Promise<unknown>): Promise<ProtocolReason | 'taken'> =>
  work.then(
    () => 'taken' as const,
    (error: { reason: ProtocolReason }) => error.reason,
  )

/** A store that dies at one of its writes: before it, or after it and before anything left. */
const dyingAt = (person: Person, write: number, isBefore: boolean): void => {
  const disk = person.store
  let writes = 0
  person.store = new Proxy(disk, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown
      if (name !== 'set') return typeof value === 'function' ? value.bind(target) : value
      return (key: string, bytes: Uint8Array) => {
        writes += 1
        if (writes === write && isBefore) throw new Error('crash')
        target.set(key, bytes)
        if (writes === write) throw new Error('crash')
        return target
      }
    },
  })
}
const restart = (person: Person, disk: Map<string, Uint8Array>): void => {
  person.store = disk
}
const crashes = async (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => false,
    (error: Error) => {
      if (error.message === 'crash') return true
      throw error
    },
  )

describe('a crash at any write', () => {
  it('costs nothing that was acknowledged: what left is opened once, what did not leave was never seen', async () => {
    const step = fc.record({
      fromAlice: fc.boolean(),
      crash: fc.constantFrom('no', 'sender', 'receiver'),
      isBefore: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 60 }),
        fc.constantFrom(...Object.values(policies)),
        async (steps, policy) => {
          const { alice, bob } = await talkingPair(fastAlgorithms)
          for (const [index, { fromAlice, crash, isBefore }] of steps.entries()) {
            const [from, to] = fromAlice ? [alice, bob] : [bob, alice]
            const text = `message ${index}`
            if (crash === 'sender') {
              const disk = from.store
              dyingAt(from, 1, isBefore)
              expect(await crashes(from.send(to, 'never leaves', policy))).toBe(true)
              restart(from, disk)
            }
            const bytes = await from.send(to, text, policy)
            if (crash === 'receiver') {
              const disk = to.store
              dyingAt(to, 1, isBefore)
              expect(await crashes(to.receive(from, bytes))).toBe(true)
              restart(to, disk)
              // It was not acknowledged, so the server hands it out again.
              if (!isBefore) {
                expect(await reasonOf(to.receive(from, bytes))).toBe('key_gone')
                continue
              }
            }
            expect(await to.receive(from, bytes)).toBe(text)
          }
        },
      ),
      { numRuns: 8, endOnFailure: true },
    )
  }, 120_000)

  it('within a first envelope keeps the prekey, or the session and no prekey', async () => {
    const alice = await Person.create(fastAlgorithms('first/a'), 1)
    const bob = await Person.create(fastAlgorithms('first/b'), 2)
    await alice.start(bob, await bob.bundle())
    const first = await alice.send(bob, 'one')
    const disk = bob.store
    dyingAt(bob, 1, true)
    expect(await crashes(bob.receive(alice, first))).toBe(true)
    restart(bob, disk)
    expect(await bob.receive(alice, first)).toBe('one')
    expect(await bob.receive(alice, await alice.send(bob, 'two'))).toBe('two')
  })
})

describe('a state that was put back to an earlier one', () => {
  it('seals nothing twice with one key and nonce: each envelope has a fresh salt', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    await alice.send(bob, 'the turn is taken')
    const earlier = alice.snapshot()
    const places = new Set<string>()
    const sealedWith = new Set<string>()
    for (let round = 0; round < 8; round += 1) {
      const { header } = parseEnvelope(await alice.send(bob, `round ${round}`))
      places.add(`${Buffer.from(header.dh).toString('hex')}/${header.n}`)
      sealedWith.add(Buffer.from([...header.salt, ...header.commitment]).toString('hex'))
      alice.store = new Map(earlier)
    }
    expect(places.size).toBe(1)
    expect(sealedWith.size).toBe(8)
  })

  it('goes on: the peer takes one envelope for each place, and both sides turn again', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    await bob.receive(alice, await alice.send(bob, 'one'))
    const earlier = alice.snapshot()
    expect(await bob.receive(alice, await alice.send(bob, 'two'))).toBe('two')
    alice.store = new Map(earlier)
    expect(await reasonOf(bob.receive(alice, await alice.send(bob, 'at the place of two')))).toBe('key_gone')
    expect(await bob.receive(alice, await alice.send(bob, 'three'))).toBe('three')
    const envelopes = [await bob.send(alice, 'b1'), await bob.send(alice, 'b2')]
    const beforeOpening = alice.snapshot()
    expect(await alice.receive(bob, envelopes[0] as Uint8Array)).toBe('b1')
    alice.store = new Map(beforeOpening)
    expect(await alice.receive(bob, envelopes[1] as Uint8Array)).toBe('b2')
    expect(await alice.receive(bob, envelopes[0] as Uint8Array)).toBe('b1')
    expect(await bob.receive(alice, await alice.send(bob, 'four'))).toBe('four')
  })
})

describe('two writers on one store', () => {
  it('do not fork a session: the second to write is told to read anew', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const read = alice.known(bob)
    const [one, two] = await Promise.all(
      ['from one tab', 'from another'].map(text =>
        sealTo(alice.algorithms, alice.local, read, textMessage(text, alice.algorithms.randomBytes(16))),
      ),
    )
    if (!one || !two) throw new Error('nothing was sealed')
    expect([one.peer.generation, two.peer.generation]).toEqual([read.generation + 1, read.generation + 1])
    alice.keep(bob, one.peer)
    expect(() => alice.keep(bob, two.peer)).toThrow(
      expect.objectContaining({ code: 'usage', reason: 'state_conflict' }),
    )
    expect(await bob.receive(alice, one.envelope)).toBe('from one tab')
    expect(await bob.receive(alice, await alice.send(bob, 'from another, done again'))).toBe('from another, done again')
  })

  it('are noticed at the first write too, and where a state was put back', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const now = alice.known(bob)
    const stored = encodePeer(now)
    const conflict = (of: Uint8Array | null, generation: number) => () => checkSuccession(of, { ...now, generation })
    expect(conflict(null, 1)).not.toThrow()
    expect(conflict(null, 2)).toThrow(ProtocolError)
    expect(conflict(stored, now.generation + 1)).not.toThrow()
    expect(conflict(stored, now.generation)).toThrow('changed by another writer')
    expect(conflict(stored, now.generation + 2)).toThrow(ProtocolError)
  })

  it('complete a request once: the secrets go in the write that keeps the session', async () => {
    const alice = await Person.create(fastAlgorithms('twice/a'), 1)
    const bob = await Person.create(fastAlgorithms('twice/b'), 2)
    const response = await bob.answer(alice, await alice.request(bob))
    const secrets = decodeRequestSecrets(alice.store.get('request') as Uint8Array)
    const [one, two] = [
      await completeRequest(alice.algorithms, secrets, null, response),
      await completeRequest(alice.algorithms, secrets, null, response),
    ]
    alice.keep(bob, one.peer)
    expect(() => alice.keep(bob, two.peer)).toThrow(expect.objectContaining({ reason: 'state_conflict' }))
  })
})
