import { createHash, hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDataKey } from '../src/at-rest/data-key.js'
import { sealedPlace } from '../src/keys/stored-key.js'
import { type Person, startQuantum, type TestQuantum } from './support/start-quantum.js'

interface Case {
  readonly tcId: number
  readonly result?: 'valid' | 'invalid'
  readonly testPassed?: boolean
  readonly [field: string]: unknown
}
interface Group {
  readonly function?: string
  readonly tests: readonly Case[]
  readonly [field: string]: unknown
}

const groups = (path: string): readonly Group[] =>
  JSON.parse(readFileSync(new URL(`../../../tests/vectors/${path}`, import.meta.url), 'utf8')).testGroups
const acvp = (name: string) =>
  groups('acvp-ml-kem-768/encapDecap-tr1.internalProjection.768.json')
    .filter(group => group.function === name)
    .flatMap(({ tests }) => tests)

const base64 = (hex: unknown): string => Buffer.from(String(hex), 'hex').toString('base64')
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

let quantum: TestQuantum
let alice: Person
let version = 0

beforeAll(async () => {
  quantum = await startQuantum({ perMinute: { calls: 1e6, signs: 1e6, keygens: 1e6 } })
  alice = await quantum.person()
})

afterAll(() => quantum.close())

/** Stores a key pair as the service would have; hex. */
const storeKemKey = async (ek: string, dk: string): Promise<void> => {
  version += 1
  const owner = { keyId: newId(), userId: alice.userId, algorithm: 'ML-KEM-768', purpose: 'rest', version }
  const [publicKey, secretKey] = [Buffer.from(ek, 'hex'), Uint8Array.from(Buffer.from(dk, 'hex'))]
  const { dataKey, stored } = await createDataKey(quantum.context.kek, owner)
  const sealed = Buffer.from(dataKey.seal(sealedPlace(publicKey), secretKey))
  const { query } = quantum.context.database
  await query('DELETE FROM crypto.managed_key WHERE user_id = $1', [alice.userId])
  await query(
    `INSERT INTO crypto.managed_key_version VALUES ($1, 'ML-KEM-768', $2)
     ON CONFLICT (user_id, algorithm) DO UPDATE SET version = EXCLUDED.version`,
    [alice.userId, version],
  )
  await query(
    `INSERT INTO crypto.managed_key (key_id, user_id, algorithm, purpose, version, kek_id, wrapped_key, public_key, sealed,
       created_at) VALUES ($1, $2, 'ML-KEM-768', 'rest', $3, $4, $5, $6, $7, now())`,
    [owner.keyId, alice.userId, version, stored.kekId, Buffer.from(stored.wrapped), publicKey, sealed],
  )
}

describe('the official vectors, through the routes', () => {
  it('ACVP decapsulation: each secret is derived from the one of the file, also of altered ciphertexts', async () => {
    const tests = acvp('decapsulation')
    expect(tests.length).toBe(20)
    for (const { tcId, ek, dk, c, k } of tests) {
      await storeKemKey(String(ek), String(dk))
      const given = { user_id: alice.userId, ciphertext: base64(c), session_id: 'vector' }
      const { status, body } = await alice.call('POST', '/api/quantum/decapsulate', given)
      const [key, ciphertext] = [Buffer.from(String(ek), 'hex'), Buffer.from(String(c), 'hex')]
      const session = Buffer.concat([Buffer.from([0, 0, 0, 6]), Buffer.from('vector')])
      const info = Buffer.concat([Buffer.from('QSM/1 rest kem'), sha256(key), sha256(ciphertext), session])
      const wanted = hkdfSync('sha256', Buffer.from(String(k), 'hex'), Buffer.alloc(32), info, 32)
      expect([tcId, status, body.shared_secret]).toEqual([tcId, 200, Buffer.from(wanted).toString('base64')])
    }
  })

  it('ACVP checks of encapsulation keys: each verdict', async () => {
    const tests = acvp('encapsulationKeyCheck')
    expect(tests.some(({ testPassed }) => testPassed) && tests.some(({ testPassed }) => !testPassed)).toBe(true)
    for (const { tcId, ek, testPassed } of tests) {
      const { status } = await alice.call('POST', '/api/quantum/encapsulate', { receiver_public_key: base64(ek) })
      expect([tcId, status]).toEqual([tcId, testPassed ? 200 : 422])
    }
  })

  it('Wycheproof ML-KEM-768 encapsulation keys: overflowing ones are refused, others taken, wrong sizes are 400', async () => {
    const tests = groups('wycheproof/mlkem_768_encaps_test.json').flatMap(group => group.tests)
    expect(tests.length).toBe(265)
    for (const { tcId, ek, result } of tests) {
      const { status } = await alice.call('POST', '/api/quantum/encapsulate', { receiver_public_key: base64(ek) })
      // Valid by FIPS 203, and everybody could open what is sealed to it: docs/protocol.md section 1.
      const isZero = /^0{2304}/.test(String(ek))
      const wanted = result === 'valid' && !isZero ? 200 : String(ek).length === 2 * 1184 ? 422 : 400
      expect([tcId, status]).toEqual([tcId, wanted])
    }
  })

  it('Wycheproof AES-GCM with keys of 256 bits: each opens or does not; other nonces than 12 bytes are 400', async () => {
    const tests = groups('wycheproof/aes_gcm_test.json').filter(({ keySize }) => keySize === 256)
    let opened = 0
    for (const { ivSize, tests: cases } of tests) {
      for (const { tcId, key, iv, aad, msg, ct, tag, result } of cases) {
        const fields = { shared_secret: base64(key), nonce: base64(iv), aad: base64(aad), encoding: 'base64' }
        const given = { ...fields, ciphertext: base64(ct), tag: base64(tag) }
        const { status, body } = await alice.call('POST', '/api/quantum/decrypt', given)
        expect([tcId, status]).toEqual([tcId, ivSize === 96 ? (result === 'valid' ? 200 : 422) : 400])
        if (status !== 200) continue
        expect([tcId, body.plaintext]).toEqual([tcId, base64(msg)])
        opened += 1
      }
    }
    expect(opened).toBeGreaterThan(30)
  })
})
