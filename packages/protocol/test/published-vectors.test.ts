import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  decodeDeviceRecord,
  decodeOwnCopy,
  type LocalDevice,
  openBodyApart,
  openFrom,
  type ProtocolReason,
  padContent,
  parseEnvelope,
  safetyNumber,
  sealBodyApart,
  sendingEntry,
  signatureBytes,
  stepChain,
} from '../src/index.js'
import type { OwnVectors } from './support/build-vectors.js'
import { policies } from './support/exchange.js'
import { fedAlgorithms, hex, toHex } from './support/fed-algorithms.js'
import type { Draw } from './support/noted-person.js'
import { Person, textMessage } from './support/person.js'

const file = new URL('../vectors/qsm1-vectors.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as OwnVectors
type Name = 'alice' | 'bob'

const labels = { 'p256 private key': 'dh', 'ML-KEM d ‖ z': 'ek', 'ML-KEM m': 'encaps', random: 'salt' } as const
const unsigned = (bytes: string): string => bytes.slice(0, -2 * signatureBytes)

const setUp = async () => {
  let now = vectors.now
  const { algorithms, feed } = await fedAlgorithms(() => now)
  const person = (name: Name): Person => {
    const { user, device, deviceRecord, ...keys } = vectors.identities[name]
    const local: LocalDevice = {
      user: hex(user),
      device,
      suite: 1,
      suites: [1],
      managed: false,
      falcon: { publicKey: hex(keys.falconPublicKey), secretKey: hex(keys.falconSecretKey) },
      ecdsa: { publicKey: hex(keys.ecdsaPublicKey), secretKey: hex(keys.ecdsaSecretKey) },
    }
    return Person.of(algorithms, local, decodeDeviceRecord(hex(deviceRecord)))
  }
  const people = { alice: person('alice'), bob: person('bob') }
  const fed = async <T>(draws: readonly Draw[], work: () => Promise<T>): Promise<T> => {
    feed.push(...draws.map(draw => ({ label: labels[draw.label], hex: draw.hex })))
    const result = await work()
    expect(feed.left).toBe(0)
    return result
  }

  const begunBy = (from: Name, to: Name) => {
    const session = sendingEntry(people[from].known(people[to]).entries)?.session
    return (
      session && {
        th: toHex(session.transcriptHash),
        sid: toHex(session.sid),
        rootKey: toHex(session.rootKey),
        chainKey: toHex(session.sending?.chainKey ?? new Uint8Array()),
      }
    )
  }
  const byPrekey = async ({ prekey, draws, keys }: OwnVectors['modeA']) => {
    const bundle = await fed(prekey.draws, () => people.bob.bundle(prekey.kind, prekey.notAfter - now))
    expect([bundle.prekey.id, unsigned(toHex(bundle.prekey.bytes))]).toEqual([prekey.id, unsigned(prekey.record)])
    await fed(draws, () => people.alice.start(people.bob, bundle))
    expect(begunBy('alice', 'bob')).toEqual(keys)
  }
  const byRequest = async ({ requestDraws, request, responseDraws, response, keys }: OwnVectors['modeB']) => {
    // The id of the request was drawn first, then the keys and the nonce: in a feed by label the order is the same.
    const made = await fed(requestDraws, () => people.alice.request(people.bob))
    expect(unsigned(toHex(made))).toBe(unsigned(request))
    people.alice.store.set('request', withBytes(people.alice.store.get('request') as Uint8Array, made, hex(request)))
    await fed(responseDraws, () => people.bob.answer(people.alice, hex(request)))
    expect(begunBy('bob', 'alice')).toEqual(keys)
    await people.alice.complete(people.bob, hex(response))
  }
  const play = async (lines: OwnVectors['conversationA']) => {
    const late: (() => Promise<void>)[] = []
    for (const line of lines) {
      now = line.sentAt
      const [from, to] = line.from === 'alice' ? [people.alice, people.bob] : [people.bob, people.alice]
      const policy = line.draws.some(draw => draw.label === 'ML-KEM m') ? policies['every turn'] : policies.never
      const sent = await fed(line.draws, () =>
        from.seal(to, textMessage(line.text, algorithms.randomBytes(16)), policy),
      )
      expect(unsigned(toHex(sent))).toBe(unsigned(line.envelope))
      const receive = async () => expect(await to.receive(from, hex(line.envelope))).toBe(line.text)
      if ('late' in line && line.late) late.push(receive)
      else await receive()
    }
    for (const receive of late) await receive()
  }
  return { algorithms, people, byPrekey, byRequest, play }
}

/** The stored secrets of a request with the published bytes in the place of those that were signed anew. */
const withBytes = (stored: Uint8Array, made: Uint8Array, published: Uint8Array): Uint8Array => {
  const at = Buffer.from(stored).indexOf(made)
  const changed = stored.slice()
  changed.set(published, at)
  return changed
}

describe('the published vectors', () => {
  it('come out byte for byte from their draws, and open: both modes, turns, late envelopes, a last-resort prekey', async () => {
    const { byPrekey, byRequest, play, people, algorithms } = await setUp()
    await byPrekey(vectors.modeA)
    await play(vectors.conversationA)
    const { genuine, cases } = vectors.refusedEnvelopes
    const peer = people.bob.known(people.alice)
    for (const one of cases) {
      const changed = hex(genuine).with(one.offset, one.value as number)
      changed.set(hex(one.signature), changed.length - signatureBytes)
      const opening = async () => openFrom(algorithms, people.bob.local, { peer, prekey: null }, parseEnvelope(changed))
      await expect(opening(), one.name).rejects.toMatchObject({ reason: one.reason as ProtocolReason })
    }
    expect(await people.bob.receive(people.alice, hex(genuine))).toBe('genuine')
    await byRequest(vectors.modeB)
    await play(vectors.conversationB)
    await byPrekey(vectors.lastResort)
    await play(vectors.conversationC)
  }, 60_000)

  it('hold the smaller parts', async () => {
    const { algorithms } = await setUp()
    const { chain, padding, bodyApart, ownCopy, safetyNumber: safety } = vectors
    const step = await stepChain(algorithms.classical, hex(chain.chainKey))
    expect([toHex(step.messageKey), toHex(step.next)]).toEqual([chain.messageKey, chain.next])
    for (const one of padding) {
      const content = new Uint8Array(one.contentLength).fill(Number.parseInt(one.fill, 16))
      expect(toHex(padContent({ kind: one.kind, content }))).toBe(one.padded)
    }
    const key = { ...algorithms, randomBytes: () => hex(bodyApart.key as string) }
    const sealed = await sealBodyApart(key, hex(bodyApart.msgId), {
      kind: bodyApart.kind,
      content: hex(bodyApart.content),
    })
    expect([toHex(sealed.body), toHex(sealed.content.content)]).toEqual([bodyApart.body, bodyApart.kind4Content])
    const copy = decodeOwnCopy(hex(ownCopy.kind5Content))
    expect([toHex(copy.toUser), copy.inner.kind]).toEqual([ownCopy.toUser, ownCopy.innerKind])
    const opened = await openBodyApart(algorithms, hex(bodyApart.msgId), copy.inner.content, hex(bodyApart.body))
    expect(toHex(opened.content)).toBe(bodyApart.content)
    const party = (one: typeof safety.one) => ({ user: hex(one.user), fingerprints: one.fingerprints.map(hex) })
    expect(await safetyNumber(algorithms.classical, party(safety.other), party(safety.one))).toBe(safety.digits)
  })
})
