import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { migrate, newId } from '@qsm/server-kit'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDataKey, openDataKey } from '../../services/quantum-crypto/src/at-rest/data-key.js'
import { createLocalKek } from '../../services/quantum-crypto/src/at-rest/local-kek.js'
import { quantumMigrations, quantumSchema } from '../../services/quantum-crypto/src/index.js'
import { openVaultKek } from '../../services/quantum-crypto/src/kek/vault/vault-kek.js'
import { type FakeVault, startFakeVault } from '../../services/quantum-crypto/test/support/fake-vault.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'

const program = fileURLToPath(new URL('../../services/standalone/bin/qsm-server.js', import.meta.url))
const rows = 700
/** Rows that `keys rotate-kek` commits together. */
const batch = 500
const key = new Uint8Array(randomBytes(32))
const local = createLocalKek([{ id: 'k1', key }])
let database: TestDatabase
let client: pg.Client
let vault: FakeVault

const ownerOf = (keyId: string, userId: string) => ({
  ...{ keyId, userId },
  algorithm: 'ML-KEM-768',
  purpose: 'rest',
  version: 1,
})

const fill = async (): Promise<void> => {
  const made = await Promise.all(
    Array.from({ length: rows }, async () => {
      const owner = ownerOf(newId(), newId())
      const { dataKey, stored } = await createDataKey(local, owner)
      return {
        ...owner,
        wrapped: Buffer.from(stored.wrapped),
        sealed: Buffer.from(dataKey.seal(['x'], key.slice(0, 1))),
      }
    }),
  )
  const users = made.map(({ userId }) => userId)
  await client.query(`INSERT INTO crypto.owner (user_id, state) SELECT unnest($1::uuid[]), 'active'`, [users])
  await client.query(
    `INSERT INTO crypto.managed_key (key_id, user_id, algorithm, purpose, version, kek_id, wrapped_key, public_key, sealed, created_at)
     SELECT k, u, 'ML-KEM-768', 'rest', 1, 'k1', w, '', s, now()
     FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS r (k, u, w, s)`,
    [made.map(({ keyId }) => keyId), users, made.map(({ wrapped }) => wrapped), made.map(({ sealed }) => sealed)],
  )
}

beforeAll(async () => {
  database = await createTestDatabase()
  vault = await startFakeVault()
  await migrate({ url: database.url, schema: quantumSchema, migrations: quantumMigrations })
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await fill()
})

afterAll(async () => {
  await client.end()
  await vault.stop()
  await database.drop()
})

const rotate = () => {
  const child = spawn(process.execPath, [program, 'keys', 'rotate-kek'], {
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: database.url,
      QSM_KEK: `k1:${Buffer.from(key).toString('base64')}`,
      ...vault.environment,
    },
  })
  let told = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', data => {
      told += String(data)
    })
  }
  return { child, ended: once(child, 'close').then(([code, signal]) => ({ code, signal, told })) }
}

const counts = async (): Promise<Readonly<Record<string, number>>> => {
  const { rows: found } = await client.query<{ kek_id: string; n: number }>(
    'SELECT kek_id, count(*)::integer AS n FROM crypto.managed_key GROUP BY kek_id',
  )
  return Object.fromEntries(found.map(({ kek_id, n }) => [kek_id, n]))
}

it('qsm-server keys rotate-kek, killed with -9 in the middle, goes on where it was, and every key still opens', async () => {
  // Vault holds back the answers of the second batch, so that the kill comes within it.
  let wrapped = 0
  const held = new Promise<void>(resolve => {
    vault.answerInstead(path => {
      if (path.includes('/encrypt/')) wrapped += 1
      if (wrapped <= batch + 50) return null
      resolve()
      return 'never'
    })
  })
  const first = rotate()
  const early = await Promise.race([held, first.ended])
  expect(early).toBeUndefined()
  first.child.kill('SIGKILL')
  expect(await first.ended).toMatchObject({ code: null, signal: 'SIGKILL' })
  expect(await counts()).toEqual({ k1: rows - batch, 'vault:transit/qsm:v1': batch })

  vault.answerInstead(() => null)
  const second = await rotate().ended
  expect(second).toMatchObject({ code: 0, told: expect.stringContaining(`${rows - batch} of ${rows - batch} wrapped`) })
  expect(second.told).not.toContain(vault.token)
  expect(await counts()).toEqual({ 'vault:transit/qsm:v1': rows })

  const { kek, close } = await openVaultKek(vault.address)
  const { rows: stored } = await client.query(
    'SELECT key_id, user_id, kek_id, wrapped_key, sealed FROM crypto.managed_key',
  )
  for (const { key_id, user_id, kek_id, wrapped_key, sealed } of stored) {
    const dataKey = await openDataKey(kek, ownerOf(key_id, user_id), { kekId: kek_id, wrapped: wrapped_key })
    expect(dataKey.open(['x'], sealed)).toEqual(key.slice(0, 1))
    dataKey.wipe()
  }
  close()
})

it('qsm-server keys rotate-kek says what is wrong with Vault, in one line and without the token', async () => {
  vault.rotate()
  vault.answerInstead(path =>
    path.includes('/keys/') ? null : { status: 403, body: JSON.stringify({ errors: [vault.token] }) },
  )
  const { code, told } = await rotate().ended
  expect([code, told]).toEqual([1, expect.stringContaining('renew QSM_KEK_VAULT_TOKEN')])
  expect(told).not.toContain(vault.token)
  expect(told).not.toMatch(/^\s+at /m)
  vault.answerInstead(() => null)
})
