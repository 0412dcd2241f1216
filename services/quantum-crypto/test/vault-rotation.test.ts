import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { createLog, Secret } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { KeyEncryptionKey } from '../src/at-rest/key-encryption-key.js'
import { type KekConfig, type OpenKek, openKek } from '../src/kek/open-kek.js'
import { rotateKek } from '../src/kek/rotate-kek.js'
import { type FakeVault, startFakeVault } from './support/fake-vault.js'
import { type Person, startQuantum, type TestQuantum } from './support/start-quantum.js'

const local = new Secret(`k1:${randomBytes(32).toString('base64')}`)
const lines: string[] = []
const destination = new Writable({
  write(line, _encoding, done) {
    lines.push(String(line))
    done()
  },
})
let vault: FakeVault
let opened: OpenKek
let quantum: TestQuantum
let alice: Person

/** The service works on with another key-encryption key, as if it had been started anew. */
const restart = async (config: Partial<KekConfig>): Promise<void> => {
  opened?.close()
  const nothing = { QSM_KEK: undefined, QSM_KEK_VAULT_URL: undefined, QSM_KEK_VAULT_TOKEN: undefined }
  const rest = { QSM_KEK_VAULT_KEY: undefined, QSM_KEK_VAULT_MOUNT: 'transit', QSM_DATA_DIR: 'none' }
  opened = await openKek({ QSM_ENV: 'production', ...nothing, ...rest, ...config })
}
const inVault = () => ({
  QSM_KEK_VAULT_URL: vault.url,
  QSM_KEK_VAULT_TOKEN: vault.address.token,
  QSM_KEK_VAULT_KEY: vault.address.key,
})

beforeAll(async () => {
  vault = await startFakeVault()
  await restart({ QSM_KEK: local })
  const kek: KeyEncryptionKey = {
    get currentId() {
      return opened.kek.currentId
    },
    wrap: (dataKey, context) => opened.kek.wrap(dataKey, context),
    unwrap: (wrapped, context) => opened.kek.unwrap(wrapped, context),
  }
  quantum = await startQuantum({ kek, log: createLog({ service: 'test', level: 'trace', destination }) })
  alice = await quantum.person()
  await alice.call('POST', '/api/quantum/keygen', { user_id: alice.userId })
})

afterAll(async () => {
  await quantum.close()
  opened.close()
  await vault.stop()
})

const sign = () =>
  alice.call('POST', '/api/quantum/wrap_sign', {
    user_id: alice.userId,
    message: 'hello',
    signature_type: 'ecdsa_only',
  })
const rotate = () => rotateKek({ database: quantum.context.database, kek: opened.kek, onProgress: () => {} })
const ids = async (): Promise<readonly string[]> => {
  const rows = await quantum.context.database.query<{ kek_id: string }>('SELECT kek_id FROM crypto.managed_key')
  return rows.map(({ kek_id }) => kek_id)
}
const kinds = 3
const allUnder = (id: string): readonly string[] => Array.from({ length: kinds }, () => id)

it('moves from a local key to Vault while it serves, and then needs the local key no more', async () => {
  expect(await ids()).toEqual(allUnder('k1'))
  await restart({ QSM_KEK: local, ...inVault() })
  expect((await sign()).status).toBe(200)
  expect(await rotate()).toMatchObject([{ total: kinds, rewrapped: kinds, failed: 0 }, { total: 0 }])
  expect(await ids()).toEqual(allUnder('vault:transit/qsm:v1'))
  await restart(inVault())
  expect((await sign()).status).toBe(200)
})

it('wraps anew what is under an older version of the transit key, which may then go', async () => {
  vault.rotate()
  await restart(inVault())
  expect(await rotate()).toMatchObject([{ total: kinds, rewrapped: kinds, failed: 0 }, { total: 0 }])
  expect(await ids()).toEqual(allUnder('vault:transit/qsm:v2'))
  vault.setMinDecryptionVersion(2)
  await restart(inVault())
  expect((await sign()).status).toBe(200)
})

it('answers unavailable while Vault is sealed, tells the log what to do, and goes on after that', async () => {
  await restart(inVault())
  const refuse = JSON.stringify({ errors: ['Vault is sealed', vault.token] })
  vault.answerInstead(() => ({ status: 503, body: refuse }))
  const answer = await sign()
  expect([answer.status, answer.body.error.code, answer.retryAfter]).toEqual([503, 'unavailable', '2'])
  expect(await quantum.metric('qsm_crypto_at_rest_failures_total', { reason: 'unwrap_failed' })).toBe(0)
  expect(lines.join('')).toContain('is sealed: unseal it')
  for (const text of [lines.join(''), JSON.stringify(answer.body)]) expect(text).not.toContain(vault.token)
  vault.answerInstead(() => null)
  expect((await sign()).status).toBe(200)
})

it('ends a rotation with an error where Vault is sealed, in place of counting keys as lost', async () => {
  vault.rotate()
  await restart(inVault())
  vault.answerInstead(() => ({ status: 503, body: JSON.stringify({ errors: ['Vault is sealed'] }) }))
  await expect(rotate()).rejects.toMatchObject({ code: 'unavailable', cause: { reason: 'sealed' } })
  expect(await ids()).toEqual(allUnder('vault:transit/qsm:v2'))
  vault.answerInstead(() => null)
  expect(await rotate()).toMatchObject([{ rewrapped: kinds, failed: 0 }, { total: 0 }])
})
