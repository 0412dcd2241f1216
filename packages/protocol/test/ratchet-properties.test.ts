import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultPolicy, parseEnvelope } from '../src/index.js'
import { playTape, policies } from './support/exchange.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { startedPair } from './support/person.js'

// Signatures are hollow here (see fast-algorithms.ts): these properties are about the ratchet.
const messages = 250
// Without bias: small numbers all mean "send", and a tape of many of them doubles next to nothing.
const tapes = fc.noBias(fc.array(fc.nat(1_000_000), { minLength: 200, maxLength: 600, size: 'max' }))
const runs = { numRuns: 4, endOnFailure: true }

describe('a conversation of 250 messages with loss, reorder, doubling and both sides sending at once', () => {
  it.each(Object.entries(policies))(
    'arrives as it should with a KEM step: %s',
    async (name, policy) => {
      await fc.assert(
        fc.asyncProperty(tapes, async tape => {
          const { alice, bob } = await startedPair(fastAlgorithms)
          const tally = await playTape(alice, bob, policy, tape, messages)
          expect(tally.sent).toBe(messages)
          expect(tally.opened + tally.lost + tally.tooOld).toBe(messages)
          expect(tally.epochs).toBeGreaterThan(10)
          expect(tally.repeated).toBeGreaterThan(10)
          if (name === 'never') expect(tally.kemSteps).toBe(0)
        }),
        runs,
      )
    },
    120_000,
  )

  it('takes a KEM step at every turn where it should, and about every 20 envelopes by default', async () => {
    const counted = new Map<string, number>()
    for (const [name, policy] of Object.entries(policies)) {
      const { alice, bob } = await startedPair(fastAlgorithms)
      let steps = 0
      for (let turn = 0; turn < 40; turn += 1) {
        const [from, to] = turn % 2 === 0 ? [alice, bob] : [bob, alice]
        for (let n = 0; n < 2; n += 1) {
          const bytes = await from.send(to, `turn ${turn}`, policy)
          const envelope = parseEnvelope(bytes)
          if (envelope.ct && envelope.header.n === 0) steps += 1
          await to.receive(from, bytes)
        }
      }
      counted.set(name, steps)
    }
    // 39 turns after the first chain; 80 envelopes in pairs, so that every tenth turn is due.
    expect(Object.fromEntries(counted)).toEqual({ 'every turn': 39, 'every 20 envelopes': 3, never: 0 })
  })

  it('takes a KEM step after 24 hours, however little was said', async () => {
    const clock = { now: 1_800_000_000_000 }
    const { alice, bob } = await startedPair(seed => fastAlgorithms(seed, clock))
    await bob.receive(alice, await alice.send(bob, 'one'))
    clock.now += defaultPolicy.kemAfterMs - 1
    const soon = parseEnvelope(await bob.send(alice, 'two'))
    expect(soon.ct).toBeNull()
    const later = await startedPair(seed => fastAlgorithms(seed, clock), 'later')
    await later.bob.receive(later.alice, await later.alice.send(later.bob, 'one'))
    clock.now += defaultPolicy.kemAfterMs
    expect(parseEnvelope(await later.bob.send(later.alice, 'two')).ct).not.toBeNull()
  })
})
