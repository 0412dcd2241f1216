import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  abandonSession,
  decodeEntries,
  decodeLocalDevice,
  decodePeer,
  decodePrekeySecrets,
  decodeRequestSecrets,
  decodeSession,
  encodeEntries,
  encodeLocalDevice,
  encodePeer,
  encodePrekeySecrets,
  encodeRequestSecrets,
  encodeSession,
  ProtocolError,
  type Session,
  sendingEntry,
} from '../src/index.js'
import { playTape, policies } from './support/exchange.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { Person, startedPair } from './support/person.js'

const makeAll = async () => {
  const { alice, bob } = await startedPair(fastAlgorithms, 'stored')
  await playTape(alice, bob, policies['every turn'], [12, 4_441, 3, 98_761, 13, 72_010, 81, 6_543], 60)
  const request = await alice.request(bob)
  await bob.answer(alice, request)
  await bob.bundle(2)
  const peer = alice.known(bob)
  return { alice, bob, peer, session: sendingEntry(peer.entries)?.session as Session }
}

describe('what is stored', () => {
  it('is read back as it was, in all its parts', async () => {
    const { alice, bob, peer, session } = await makeAll()
    expect(decodePeer(encodePeer(peer))).toEqual(peer)
    expect(decodePeer(encodePeer(bob.known(alice)))).toEqual(bob.known(alice))
    expect(decodeEntries(encodeEntries(peer.entries))).toEqual(peer.entries)
    expect(decodeSession(encodeSession(session))).toEqual(session)
    expect(decodeLocalDevice(encodeLocalDevice(alice.local))).toEqual(alice.local)
    const prekey = decodePrekeySecrets([...bob.store].find(([key]) => key.startsWith('prekey/'))?.[1] as Uint8Array)
    const used = { ...prekey, usedSids: [session.sid, session.sid.map(byte => byte ^ 1)] }
    expect(decodePrekeySecrets(encodePrekeySecrets(used))).toEqual(used)
    const own = decodeRequestSecrets(alice.store.get('request') as Uint8Array)
    expect(decodeRequestSecrets(encodeRequestSecrets(own))).toEqual(own)
  })

  it('of another version or damaged is refused, and nothing else happens', async () => {
    const { alice, bob, peer } = await makeAll()
    const prekey = [...bob.store].find(([key]) => key.startsWith('prekey/'))?.[1] as Uint8Array
    const readers = [
      [encodePeer(peer), decodePeer],
      [encodeEntries(peer.entries), decodeEntries],
      [encodeLocalDevice(alice.local), decodeLocalDevice],
      [prekey, decodePrekeySecrets],
      [alice.store.get('request') as Uint8Array, decodeRequestSecrets],
    ] as const
    for (const [bytes, decode] of readers) {
      expect(() => decode(bytes.with(0, 2))).toThrow('unknown version')
      expect(() => decode(new Uint8Array([...bytes, 0]))).toThrow('behind the end')
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), cut => {
          expect(() => decode(bytes.subarray(0, cut))).toThrow(ProtocolError)
        }),
        { numRuns: 60 },
      )
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
          try {
            decode(bytes.with(at, (bytes[at] as number) ^ change))
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
          }
        }),
        { numRuns: 200 },
      )
    }
  })

  it('shares no memory with the bytes it was read from', async () => {
    const { peer } = await makeAll()
    const bytes = encodePeer(peer)
    const read = decodePeer(bytes)
    bytes.fill(0)
    expect(read).toEqual(peer)
    const buffer = Buffer.from(encodePeer(peer))
    const fromBuffer = decodePeer(buffer)
    buffer.fill(0)
    expect(fromBuffer).toEqual(peer)
  })

  it('of a session that the other side never got to know can be dropped', async () => {
    const { alice, bob } = await startedPair(fastAlgorithms)
    const peer = alice.known(bob)
    const sid = peer.entries[0]?.session.sid as Uint8Array
    const without = abandonSession(peer, sid)
    expect([without.entries, without.generation]).toEqual([[], peer.generation + 1])
    expect(abandonSession(without, sid)).toBe(without)
    const other = await Person.create(fastAlgorithms('other'), 3)
    expect(other.peer(bob)).toBeNull()
  })
})
