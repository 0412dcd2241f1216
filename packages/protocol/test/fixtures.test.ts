import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { loadPostQuantum } from '@qsm/wasm'
import { describe, expect, it } from 'vitest'
import {
  type Algorithms,
  createWebCryptoClassical,
  decodeDeviceRecord,
  decodeLocalDevice,
  decodePeer,
  decodePrekeySecrets,
  decodeRequestSecrets,
  defaultPolicy,
  encodeLocalDevice,
  encodePeer,
  encodePrekeySecrets,
  encodeRequestSecrets,
  isControlAdvised,
  kinds,
  parseEnvelope,
} from '../src/index.js'
import { type Fixture, fromBase64, personOf, toBase64 } from './support/fixture.js'
import { replayFixture } from './support/replay-fixture.js'

const folder = new URL('../fixtures/', import.meta.url)
const versions = readdirSync(folder).filter(name => /^v\d+$/.test(name))
/** The version that this code writes; only its fixtures come out byte for byte. */
const writtenVersion = 'v1'

const read = (version: string, file: string): string => readFileSync(new URL(`${version}/${file}`, folder), 'utf8')
const fixtures = versions.flatMap(version =>
  readdirSync(new URL(version, folder))
    .filter(file => file.endsWith('.json'))
    .map(file => ({ version, name: file.slice(0, -5), fixture: JSON.parse(read(version, file)) as Fixture })),
)

const { kem, signer } = await loadPostQuantum()
const algorithmsAt = (now: number): Algorithms => ({
  kem,
  signer,
  classical: createWebCryptoClassical(),
  randomBytes: length => globalThis.crypto.getRandomValues(new Uint8Array(length)),
  now: () => now,
})

interface Codec<T> {
  readonly decode: (bytes: Uint8Array) => T
  readonly encode: (value: T) => Uint8Array
}
const codec = <T>(decode: Codec<T>['decode'], encode: Codec<T>['encode']) => ({ decode, encode }) as Codec<unknown>
const local = codec(decodeLocalDevice, encodeLocalDevice)
const stored: Readonly<Record<string, Codec<unknown>>> = {
  peer: codec(decodePeer, encodePeer),
  prekey: codec(decodePrekeySecrets, encodePrekeySecrets),
  request: codec(decodeRequestSecrets, encodeRequestSecrets),
}
const codecOf = (key: string): Codec<unknown> => {
  const found = stored[key.split('/')[0] as string]
  if (!found) throw new Error(`a fixture stores ${key}, which this test cannot read`)
  return found
}

/** Every stored value of a fixture with the codec that reads it. */
const valuesOf = ({ people }: Fixture): readonly (readonly [string, Uint8Array, Codec<unknown>])[] =>
  Object.entries(people).flatMap(([name, person]) => [
    [`the keys of ${name}`, fromBase64(person.local), local] as const,
    ...Object.entries(person.store).map(
      ([key, text]) => [`${key} of ${name}`, fromBase64(text), codecOf(key)] as const,
    ),
  ])

const peersOf = (fixture: Fixture) =>
  Object.values(fixture.people).flatMap(({ store }) =>
    Object.entries(store).flatMap(([key, text]) => (key.startsWith('peer/') ? [decodePeer(fromBase64(text))] : [])),
  )

describe.each(fixtures)('the fixture $version $name', ({ version, fixture }) => {
  it('is read, and stored again as it was', () => {
    const values = valuesOf(fixture)
    expect(values.length).toBeGreaterThan(0)
    for (const [what, bytes, { decode, encode }] of values) {
      const again = encode(decode(bytes))
      expect(decode(again), what).toEqual(decode(bytes))
      if (version === writtenVersion) expect(toBase64(again), what).toBe(toBase64(bytes))
    }
    for (const person of Object.values(fixture.people)) {
      expect(toBase64(decodeDeviceRecord(fromBase64(person.record)).bytes)).toBe(person.record)
    }
  })

  it('goes on: what was under way opens or is refused as then, and a fresh message goes each way', async () => {
    expect(await replayFixture(algorithmsAt(fixture.now), fixture)).toBe(fixture.steps.length)
  })
})

describe('the fixtures', () => {
  it.each(versions)('of %s are those that were made then, and none is missing', version => {
    const files = readdirSync(new URL(version, folder)).filter(file => file !== 'SHA256SUMS')
    const sums = files
      .map(file => `${createHash('sha256').update(read(version, file)).digest('hex')}  ${file}`)
      .toSorted()
    expect(read(version, 'SHA256SUMS').trimEnd().split('\n').toSorted()).toEqual(sums)
  })

  it('hold a session in every form that it takes', () => {
    const peers = fixtures.flatMap(({ fixture }) => peersOf(fixture))
    const entries = peers.flatMap(peer => peer.entries)
    const sessions = entries.map(entry => entry.session)
    const forms = (of: readonly unknown[]): readonly string[] => [...new Set(of.map(String))].toSorted()
    const both = ['false', 'true']
    expect(forms(sessions.map(one => `${one.mode} ${one.isF}`))).toEqual(['1 false', '1 true', '2 false', '2 true'])
    expect(forms(sessions.map(one => one.own !== null))).toEqual(both)
    expect(forms(sessions.map(one => one.peerDh !== null))).toEqual(both)
    expect(forms(sessions.map(one => one.peerKem !== null))).toEqual(both)
    expect(forms(sessions.map(one => one.prekeyBlock !== null))).toEqual(both)
    expect(forms(sessions.map(one => one.ownKem?.attach))).toEqual([...both, 'undefined'])
    expect(forms(sessions.map(one => one.sending && one.sending.ct !== null))).toEqual(['false', 'null', 'true'])
    expect(forms(sessions.flatMap(one => one.receiving.map(chain => chain.ct !== null)))).toEqual(both)
    expect(forms(sessions.flatMap(one => one.receiving.map(chain => chain.chainKey !== null)))).toEqual(both)
    expect(forms(sessions.map(one => one.receiving.length))).toEqual(expect.arrayContaining(['0', '1', '5']))
    expect(Math.max(...sessions.map(one => one.skipped.length))).toBe(1_999)
    expect(Math.max(...sessions.map(one => one.unanswered))).toBe(100)
    expect(
      fixtures.some(({ fixture }) => peersOf(fixture).some(peer => isControlAdvised(peer, defaultPolicy, fixture.now))),
    ).toBe(true)
    expect(forms(entries.map(entry => entry.archivedAt > 0))).toEqual(both)
    expect(Math.max(...peers.map(peer => peer.entries.length))).toBe(6)
    expect(peers.some(peer => peer.entries.filter(entry => entry.archivedAt === 0).length === 2)).toBe(true)
    expect(peers.some(peer => peer.answered.length > 0)).toBe(true)
    expect(peers.some(peer => peer.record.managed && peer.record.expiresAt > 0)).toBe(true)
  })

  it('hold envelopes with every block, type and kind of content', () => {
    const steps = fixtures.flatMap(({ fixture }) => fixture.steps)
    const headers = steps.flatMap(step => ('envelope' in step ? [parseEnvelope(fromBase64(step.envelope)).header] : []))
    const blocks = new Set(headers.map(header => header.flags & ~4))
    expect([...blocks].toSorted()).toEqual([0, 1, 2, 3, 8].toSorted())
    expect(headers.some(header => (header.flags & 4) !== 0)).toBe(true)
    expect([...new Set(headers.map(header => header.type))].toSorted()).toEqual([1, 2])
    const opened = steps.flatMap(step => ('opens' in step && step.opens ? [step.opens] : []))
    expect(new Set(opened.map(one => one.kind))).toEqual(
      new Set([kinds.empty, kinds.text, kinds.controlJson, kinds.attachment]),
    )
    expect(opened.some(one => one.toUser !== null)).toBe(true)
    expect(steps.some(step => 'body' in step && step.body !== null)).toBe(true)
    expect(steps.some(step => 'opens' in step && step.opens === null)).toBe(true)
    for (const record of ['bundle', 'request', 'response']) expect(steps.some(step => record in step)).toBe(true)
  })

  it('of a version that this code does not know are refused, with what to do', () => {
    for (const [what, bytes, { decode }] of fixtures.flatMap(({ fixture }) => valuesOf(fixture))) {
      expect(() => decode(bytes.with(0, 9)), what).toThrow(
        /unknown version 9, and this program reads version 1\. Use the version of QSM that wrote it, or a newer one/,
      )
      expect(() => decode(bytes.with(0, 0)), what).toThrow(/damaged.*from a backup, or set this device up anew/)
    }
  })

  it('of a known device hold a session of an unknown version: that is refused alike', () => {
    const [fixture] = fixtures.filter(({ name }) => name === 'in-conversation')
    const [stored] = Object.values(fixture?.fixture.people ?? {})
    if (!fixture || !stored) throw new Error('there is no such fixture')
    const person = personOf(algorithmsAt(fixture.fixture.now), stored)
    const [bytes] = [...person.store].filter(([key]) => key.startsWith('peer/')).map(([, value]) => value)
    const peer = decodePeer(bytes as Uint8Array)
    const at = Buffer.from(bytes as Uint8Array).indexOf(peer.entries[0]?.session.sid as Uint8Array) - 1
    expect(() => decodePeer((bytes as Uint8Array).with(at, 9))).toThrow('a stored session has the unknown version 9')
  })
})
