import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, parseEnvelope, peerTidyAt, sendingEntry, tidyPeer } from '../src/index.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { Person } from './support/person.js'

const dayMs = 86_400_000
const start = 1_800_000_000_000

const pair = async (seed: string) => {
  const clock = { now: start }
  const alice = await Person.create(fastAlgorithms(`${seed}/a`, clock), 1)
  const bob = await Person.create(fastAlgorithms(`${seed}/b`, clock), 2)
  return { alice, bob, clock }
}
const sidOf = (bytes: Uint8Array): string => Buffer.from(parseEnvelope(bytes).header.sid).toString('hex')
const inUse = (from: Person, to: Person): string =>
  Buffer.from(sendingEntry(from.known(to).entries)?.session.sid ?? []).toString('hex')
const states = (from: Person, to: Person): string[] =>
  from.known(to).entries.map(entry => (entry.archivedAt === 0 ? 'in use' : 'archived'))

describe('sessions that both sides begin at once', () => {
  it('both stay, and both sides send on the one with the lower TH, whoever has it', async () => {
    const lowerWas = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.string(), async seed => {
        const { alice, bob } = await pair(seed)
        await alice.start(bob, await bob.bundle())
        await bob.start(alice, await alice.bundle())
        const [fromAlice, fromBob] = [await alice.send(bob, 'from alice'), await bob.send(alice, 'from bob')]
        expect(await bob.receive(alice, fromAlice)).toBe('from alice')
        expect(await alice.receive(bob, fromBob)).toBe('from bob')
        expect([states(alice, bob), states(bob, alice)].flat()).toEqual(['in use', 'in use', 'in use', 'in use'])
        const [lowest] = [...alice.known(bob).entries].sort((a, b) =>
          compareBytes(a.session.transcriptHash, b.session.transcriptHash),
        )
        const wanted = Buffer.from(lowest?.session.sid ?? []).toString('hex')
        expect([inUse(alice, bob), inUse(bob, alice)]).toEqual([wanted, wanted])
        lowerWas.add(sidOf(fromAlice) === wanted ? 'of alice' : 'of bob')
        for (let turn = 0; turn < 4; turn += 1) {
          expect(await bob.receive(alice, await alice.send(bob, `a${turn}`))).toBe(`a${turn}`)
          expect(await alice.receive(bob, await bob.send(alice, `b${turn}`))).toBe(`b${turn}`)
        }
      }),
      { numRuns: 12 },
    )
    expect([...lowerWas].sort()).toEqual(['of alice', 'of bob'])
  })

  it('lose nothing that was under way on either', async () => {
    const { alice, bob } = await pair('under way')
    await alice.start(bob, await bob.bundle())
    await bob.start(alice, await alice.bundle())
    const fromAlice = [await alice.send(bob, 'a1'), await alice.send(bob, 'a2'), await alice.send(bob, 'a3')]
    const fromBob = [await bob.send(alice, 'b1'), await bob.send(alice, 'b2')]
    await alice.receive(bob, fromBob[1] as Uint8Array)
    await bob.receive(alice, fromAlice[2] as Uint8Array)
    const later = [await alice.send(bob, 'a4'), await bob.send(alice, 'b3')]
    expect(await bob.receive(alice, later[0] as Uint8Array)).toBe('a4')
    expect(await alice.receive(bob, later[1] as Uint8Array)).toBe('b3')
    for (const [index, text] of [
      [0, 'a1'],
      [1, 'a2'],
    ] as const)
      expect(await bob.receive(alice, fromAlice[index] as Uint8Array)).toBe(text)
    expect(await alice.receive(bob, fromBob[0] as Uint8Array)).toBe('b1')
  })

  it('cross also where each has asked the other, and both requests are accepted', async () => {
    const { alice, bob } = await pair('both ask')
    const [fromAlice, fromBob] = [await alice.request(bob), await bob.request(alice)]
    const [byBob, byAlice] = [await bob.answer(alice, fromAlice), await alice.answer(bob, fromBob)]
    await alice.complete(bob, byBob)
    await bob.complete(alice, byAlice)
    expect(inUse(alice, bob)).toBe(inUse(bob, alice))
    expect(await bob.receive(alice, await alice.send(bob, 'one'))).toBe('one')
    expect(await alice.receive(bob, await bob.send(alice, 'two'))).toBe('two')
  })
})

describe('a session that the peer begins while another is in use', () => {
  const talk = async (alice: Person, bob: Person) => {
    await alice.start(bob, await bob.bundle())
    await bob.receive(alice, await alice.send(bob, 'one'))
    await alice.receive(bob, await bob.send(alice, 'two'))
  }

  it('is used from then on, and the old one only receives', async () => {
    const { alice, bob, clock } = await pair('anew')
    await talk(alice, bob)
    const onTheOld = await bob.send(alice, 'late')
    clock.now += 1_000
    await alice.start(bob, await bob.bundle())
    const first = await alice.send(bob, 'anew')
    expect(await bob.receive(alice, first)).toBe('anew')
    expect(inUse(bob, alice)).toBe(sidOf(first))
    expect(states(bob, alice).sort()).toEqual(['archived', 'in use'])
    expect(await alice.receive(bob, onTheOld)).toBe('late')
    expect(inUse(alice, bob)).toBe(sidOf(first))
  })

  it('crossed where it was begun before the last envelope that was opened on the old', async () => {
    const { alice, bob, clock } = await pair('delayed')
    await bob.start(alice, await alice.bundle())
    const delayed = await bob.send(alice, 'delayed')
    clock.now += 1_000
    // Bob had not heard of this session when he began his.
    await alice.start(bob, await bob.bundle())
    await bob.receive(alice, await alice.send(bob, 'one'))
    clock.now += 1_000
    const onTheLower = await bob.send(alice, 'two')
    if (sidOf(onTheLower) !== sidOf(delayed)) await alice.receive(bob, onTheLower)
    expect(await alice.receive(bob, delayed)).toBe('delayed')
    expect(states(alice, bob)).toEqual(['in use', 'in use'])
    expect(inUse(alice, bob)).toBe(inUse(bob, alice))
  })

  it('by a request is judged by the time of the request, on both sides alike', async () => {
    const { alice, bob, clock } = await pair('request')
    const request = await alice.request(bob)
    clock.now += 1_000
    await talk(alice, bob)
    await alice.complete(bob, await bob.answer(alice, request))
    expect([states(alice, bob), states(bob, alice)].flat()).toEqual(['in use', 'in use', 'in use', 'in use'])
    expect(inUse(alice, bob)).toBe(inUse(bob, alice))
    await bob.receive(alice, await alice.send(bob, 'on the lower'))
    await alice.receive(bob, await bob.send(alice, 'on the lower'))
    clock.now += 1_000
    const second = await alice.request(bob)
    await alice.complete(bob, await bob.answer(alice, second))
    expect(states(alice, bob).filter(state => state === 'in use').length).toBe(1)
    expect(inUse(alice, bob)).toBe(inUse(bob, alice))
  })
})

describe('archived sessions', () => {
  it('are at most five, for at most 30 days, and never the one in use', async () => {
    const { alice, bob, clock } = await pair('archive')
    const old: Uint8Array[] = []
    for (let round = 0; round < 8; round += 1) {
      clock.now += 1_000
      await alice.start(bob, await bob.bundle())
      await bob.receive(alice, await alice.send(bob, `session ${round}`))
      old.push(await alice.send(bob, `more on ${round}`))
    }
    expect(states(bob, alice).sort()).toEqual([...Array(5).fill('archived'), 'in use'])
    await expect(bob.receive(alice, old[0] as Uint8Array)).rejects.toMatchObject({ code: 'envelope_refused' })
    expect(await bob.receive(alice, old[3] as Uint8Array)).toBe('more on 3')
    const [oldest] = bob
      .known(alice)
      .entries.flatMap(entry => entry.archivedAt || [])
      .sort((a, b) => a - b)
    expect(peerTidyAt(bob.known(alice))).toBe((oldest ?? 0) + 30 * dayMs)
    clock.now += 30 * dayMs
    const tidied = tidyPeer(bob.known(alice), clock.now)
    expect(tidied.entries.map(entry => entry.archivedAt)).toEqual([0])
    expect(tidyPeer(tidied, clock.now)).toBe(tidied)
  })

  it('take in what a peer begins without end: five stay in use, the others only receive', async () => {
    const { alice, bob, clock } = await pair('endless')
    for (let round = 0; round < 12; round += 1) {
      clock.now -= 1_000 // each says that it was begun before the last one
      await alice.start(bob, await bob.bundle())
      expect(await bob.receive(alice, await alice.send(bob, `session ${round}`))).toBe(`session ${round}`)
    }
    expect(states(bob, alice).sort()).toEqual([...Array(5).fill('archived'), ...Array(5).fill('in use')])
  })
})
