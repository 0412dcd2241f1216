import { createHash } from 'node:crypto'
import { decodeBase64, encodeControl } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import { createLog, migrate, newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { trackSecrets } from '../../../packages/protocol/test/support/secret-tracker.js'
import { createTestDatabase } from '../../../tests/support/database.js'
import { createHandClock } from '../../../tests/support/hand-clock.js'
import type { KeyEncryptionKey } from '../src/at-rest/key-encryption-key.js'
import { quantumMigrations, quantumSchema } from '../src/index.js'
import { EndToEnd } from './support/end-to-end.js'
import { ManagedUser } from './support/managed-user.js'
import { algorithmsOf, openDevices, type TestDevices, testKek } from './support/open-devices.js'
import { createPostOffice } from './support/post-office.js'

/** Arrays with secrets that were handed to an algorithm or given out by one, and their bytes at that time. */
interface Watched {
  readonly what: string
  readonly array: Uint8Array
  readonly bytes: Uint8Array
}

/** Watches all private keys, chain keys and data keys that pass by. */
const watch = (algorithms: Algorithms, kek: KeyEncryptionKey) => {
  const given: Watched[] = []
  const note = (what: string, array: Uint8Array): Uint8Array => {
    given.push({ what, array, bytes: array.slice() })
    return array
  }
  const tracked = trackSecrets(algorithms)
  const { signer, classical, kem } = tracked.algorithms
  const watching: Algorithms = {
    ...tracked.algorithms,
    kem: { ...kem, decapsulate: (key, text) => kem.decapsulate(note('ML-KEM key in use', key), text) },
    signer: {
      ...signer,
      async generateKeyPair() {
        const pair = await signer.generateKeyPair()
        note('Falcon key', pair.secretKey)
        return pair
      },
      sign: (key, message) => signer.sign(note('Falcon key in use', key), message),
    },
    classical: {
      ...classical,
      ecdh: (own, point) => classical.ecdh({ ...own, secretKey: note('ECDH key in use', own.secretKey) }, point),
      ecdsaSign: (own, message) =>
        classical.ecdsaSign({ ...own, secretKey: note('ECDSA key in use', own.secretKey) }, message),
      // A chain key is what steps by one byte.
      hmacSha256: (key, data) => classical.hmacSha256(data.length === 1 ? note('chain key in use', key) : key, data),
    },
  }
  const watchingKek: KeyEncryptionKey = {
    currentId: kek.currentId,
    wrap: (key, context) => kek.wrap(note('data key', key), context),
    unwrap: async (wrapped, context) => note('data key', await kek.unwrap(wrapped, context)),
  }
  const all = (): readonly Watched[] => [...given, ...tracked.secrets]
  return {
    algorithms: watching,
    kek: watchingKek,
    all,
    /** What still stands in memory, but for values that the wire shows. */
    left: (shown: readonly Uint8Array[]) => {
      const isShown = (array: Uint8Array) => shown.some(value => Buffer.from(value).includes(Buffer.from(array)))
      const isLeft = ({ array }: Watched) => !array.every(byte => byte === 0) && !isShown(array)
      return [...new Set(all().flatMap(each => (isLeft(each) ? [each.what] : [])))]
    },
  }
}

const canary = (name: string) => `canary-${name}-${'tweet'.repeat(4)}`
const texts = ['first', 'secured', 'critical', 'long', 'opened', 'copied', 'forgotten'].map(canary)
const [first, secured, critical, long, opened, copied, forgotten] = texts as [string, ...string[]] & readonly string[]

let devices: TestDevices
let drop: () => Promise<void>
let watched: ReturnType<typeof watch>
const logged: string[] = []

beforeAll(async () => {
  const database = await createTestDatabase()
  drop = database.drop
  await migrate({ url: database.url, schema: quantumSchema, migrations: quantumMigrations })
  const clock = createHandClock()
  watched = watch(await algorithmsOf(clock), testKek())
  const log = createLog({ service: 'test', level: 'trace', destination: { write: line => logged.push(line) } })
  devices = await openDevices(database.url, watched.kek, clock, { algorithms: watched.algorithms, log })
})
afterAll(async () => {
  await devices.close()
  await drop()
})

/** Does everything that a managed device does, good and bad; after each step nothing secret is left in memory. */
const playAll = async (): Promise<void> => {
  const plain = await algorithmsOf(devices.clock)
  // Both sides compute the confirmation that stands in a Response.
  const responses: Uint8Array[] = []
  const nothingLeft = (step: string) => expect([step, watched.left(responses)]).toEqual([step, []])
  const alice = await ManagedUser.create(devices, { prekeys: 3 })
  nothingLeft('device and prekeys')
  const [bob, carol, own] = [
    await EndToEnd.create(plain),
    await EndToEnd.create(plain),
    await EndToEnd.create(plain, alice.userId),
  ]
  const office = createPostOffice()
  office.join(alice, bob, carol, own)
  await bob.start(alice, alice.bundle())
  office.post(bob, [await bob.text(alice, opened ?? ''), await bob.text(alice, forgotten ?? '')])
  office.post(bob, [await bob.text(alice, (opened ?? '').repeat(3_000))])
  await own.start(alice, alice.bundle())
  office.post(own, [await own.seal(bob.userId, [alice], { kind: 1, content: new TextEncoder().encode(copied) })])
  await alice.read([bob, own])
  nothingLeft('read by prekeys')
  const message_id = alice.mailbox[1]?.messageId ?? ''
  await devices.run(alice.userId, 'forget_message', { message_id })
  const input = alice.sealInput([bob, own], secured ?? '', {})
  await devices.run(alice.userId, 'seal', input)
  await devices.run(alice.userId, 'seal', input)
  await devices.run(alice.userId, 'seal', { ...input, again: true })
  nothingLeft('sealed, repeated, sealed again')
  office.post(alice, await alice.text([bob, own], critical ?? '', { type: 'critical' }))
  office.post(alice, await alice.text([bob], (long ?? '').repeat(2_000)))
  nothingLeft('critical and long')
  const asked = await devices.run(alice.userId, 'make_request', { to_user_id: carol.userId })
  nothingLeft('asked')
  const response = await carol.answer(asked.handshake)
  responses.push(decodeBase64(response))
  office.post(alice, await alice.text([carol], first, { responses: [response] }))
  nothingLeft('took an answer')
  const request = await carol.request(alice.userId)
  const answered = await devices.run(alice.userId, 'answer_request', { request, from_record: carol.recordText() })
  responses.push(decodeBase64(answered.response))
  nothingLeft('answered')
  const receipt = encodeControl({ type: 'receipt', kind: 'read', message_ids: [newId()] })
  office.post(bob, [await bob.seal(alice.userId, [alice], { kind: 2, content: receipt })])
  alice.deliver({ ...(alice.mailbox[0] ?? expect.fail('no mail')), messageId: newId() })
  await alice.read([bob, own, carol])
  nothingLeft('read')
  await expect(alice.begin(carol, await bob.bundle())).resolves.toBeDefined()
  const eve = await EndToEnd.create(plain)
  await expect(alice.begin(eve, await bob.bundle())).rejects.toMatchObject({ code: 'record_refused' })
  await devices.database.query(`UPDATE crypto.outbox SET sealed = '\\x01' WHERE client_message_id = $1`, [
    input.client_message_id,
  ])
  await expect(devices.run(alice.userId, 'seal', input)).rejects.toThrow()
  nothingLeft('refused')
  devices.clock.advance(14 * 86_400_000)
  await devices.runJobs()
  await devices.run(alice.userId, 'make_prekeys', { one_time: 2, last_resort: true })
  await devices.run(alice.userId, 'end_sessions', { peer_user_id: carol.userId })
  nothingLeft('tidied and ended')
}

/** Every value of every table, bytes as they are. */
const dump = async (): Promise<Buffer> => {
  const tables = await devices.database.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  )
  const parts: Buffer[] = []
  for (const { name } of tables) {
    for (const row of await devices.database.query<Record<string, unknown>>(`SELECT * FROM ${name}`)) {
      for (const value of Object.values(row)) parts.push(Buffer.isBuffer(value) ? value : Buffer.from(String(value)))
    }
  }
  return Buffer.concat(parts)
}

const formsOf = (bytes: Buffer): readonly Buffer[] => [
  bytes,
  Buffer.from(bytes.toString('hex')),
  // Base64 of any alignment holds one of these.
  ...[0, 1, 2].map(offset =>
    Buffer.from(bytes.subarray(offset, offset + 12 * Math.floor((bytes.length - 2) / 12)).toString('base64')),
  ),
  Buffer.from(bytes.toString('utf8'), 'utf16le'),
]

describe('what is kept of managed devices', () => {
  it('holds no text, no hash of one and no private key, in any table or log line; and memory holds none after use', async () => {
    await playAll()
    const everything = Buffer.concat([await dump(), Buffer.from(logged.join('\n'))])
    expect(everything.length).toBeGreaterThan(100_000)
    expect(logged.length).toBeGreaterThan(0)
    // The search finds what is there.
    expect(formsOf(Buffer.from(quantumMigrations[0]?.name ?? '-')).some(form => everything.includes(form))).toBe(true)
    for (const text of texts) {
      const found = formsOf(Buffer.from(text)).findIndex(form => everything.includes(form))
      expect([text, found]).toEqual([text, -1])
      for (const name of ['sha256', 'sha1', 'md5']) {
        const hash = createHash(name).update(text).digest()
        expect([text, name, formsOf(hash).findIndex(form => everything.includes(form))]).toEqual([text, name, -1])
      }
    }
    const secrets = watched.all()
    expect(new Set(secrets.map(({ what }) => what)).size).toBeGreaterThan(8)
    const kept = secrets.filter(({ bytes }) => everything.includes(Buffer.from(bytes))).map(({ what }) => what)
    expect([...new Set(kept)]).toEqual([])
  }, 120_000)
})
