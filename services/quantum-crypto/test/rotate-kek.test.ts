import { randomBytes } from 'node:crypto'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDataKey, openDataKey } from '../src/at-rest/data-key.js'
import { createLocalKek, type LocalKek } from '../src/at-rest/local-kek.js'
import { deviceKeyOwner } from '../src/devices/device/device-row.js'
import { type RotationProgress, rotateKek } from '../src/kek/rotate-kek.js'
import { keyOwner, type StoredKey } from '../src/keys/stored-key.js'
import { type Person, startQuantum, type TestQuantum } from './support/start-quantum.js'

const draw = (id: string): LocalKek => ({ id, key: new Uint8Array(randomBytes(32)) })
const [first, second] = [draw('k1'), draw('k2')]
const before = createLocalKek([first])
const during = createLocalKek([second, first])
const after = createLocalKek([second])
const rows = 1_000
let quantum: TestQuantum
let alice: Person

beforeAll(async () => {
  quantum = await startQuantum({ kek: during })
  alice = await quantum.person()
  await alice.call('POST', '/api/quantum/keygen', { user_id: alice.userId })
})

afterAll(() => quantum.close())

const query = <R>(text: string, values: unknown[] = []) => quantum.context.database.query<R>(text, values)

/** Rows of `count` users with data keys under the first key. */
const fill = async (count: number): Promise<void> => {
  const made = await Promise.all(
    Array.from({ length: count }, async () => {
      const owner = { keyId: newId(), userId: newId(), algorithm: 'ML-KEM-768', purpose: 'rest', version: 1 }
      const { dataKey, stored } = await createDataKey(before, owner)
      return { ...owner, wrapped: stored.wrapped, sealed: dataKey.seal(['x'], new Uint8Array([7])) }
    }),
  )
  const values = [
    made.map(({ keyId }) => keyId),
    made.map(({ userId }) => userId),
    made.map(({ wrapped }) => Buffer.from(wrapped)),
    made.map(({ sealed }) => Buffer.from(sealed)),
  ]
  await query(`INSERT INTO crypto.owner (user_id, state) SELECT unnest($1::uuid[]), 'active'`, [values[1]])
  await query(
    `INSERT INTO crypto.managed_key (key_id, user_id, algorithm, purpose, version, kek_id, wrapped_key, public_key, sealed, created_at)
     SELECT k, u, 'ML-KEM-768', 'rest', 1, 'k1', w, '', s, now()
     FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS r (k, u, w, s)`,
    values,
  )
}

const underFirst = async (): Promise<number> => {
  const [row] = await query<{ n: string }>(`SELECT count(*) AS n FROM crypto.managed_key WHERE kek_id = 'k1'`)
  return Number(row?.n)
}

it('wraps all data keys anew, also when it was ended in the middle, and what they seal still opens', async () => {
  await fill(rows)
  const told: RotationProgress[] = []
  const ended = new Error('ended')
  const options = { database: quantum.context.database, kek: during, batchRows: 100 }
  const cut = rotateKek({
    ...options,
    onProgress(progress) {
      told.push(progress)
      if (progress.rewrapped === 300) throw ended
    },
  })
  await expect(cut).rejects.toBe(ended)
  expect(told.map(({ rewrapped }) => rewrapped)).toEqual([0, 100, 200, 300])
  expect(await underFirst()).toBe(rows - 300)

  const done = await rotateKek({ ...options, onProgress: () => {} })
  expect(done).toEqual([
    { table: 'crypto.managed_key', total: rows - 300, rewrapped: rows - 300, failed: 0 },
    { table: 'crypto.device', total: 0, rewrapped: 0, failed: 0 },
  ])
  expect(await underFirst()).toBe(0)
  const stored = await query<{ key_id: string; user_id: string; wrapped_key: Buffer; sealed: Buffer }>(
    `SELECT key_id, user_id, wrapped_key, sealed FROM crypto.managed_key WHERE public_key = '' LIMIT 50`,
  )
  for (const { key_id, user_id, wrapped_key, sealed } of stored) {
    const key = { keyId: key_id, userId: user_id, algorithm: 'ML-KEM-768', purpose: 'rest', version: 1 } as StoredKey
    const dataKey = await openDataKey(after, keyOwner(key), { kekId: 'k2', wrapped: wrapped_key })
    expect(dataKey.open(['x'], sealed)).toEqual(new Uint8Array([7]))
  }
})

it('leaves alone and counts what does not open', async () => {
  await fill(3)
  const [damaged] = await query<{ key_id: string }>(`SELECT key_id FROM crypto.managed_key WHERE kek_id = 'k1' LIMIT 1`)
  await query('UPDATE crypto.managed_key SET wrapped_key = $2 WHERE key_id = $1', [damaged?.key_id, randomBytes(81)])
  const [keys] = await rotateKek({
    database: quantum.context.database,
    kek: during,
    onProgress: () => {},
    batchRows: 1,
  })
  expect(keys).toMatchObject({ total: 3, rewrapped: 2, failed: 1 })
  expect(await underFirst()).toBe(1)
})

it('wraps the data keys of managed devices too', async () => {
  const keyId = newId()
  const owner = deviceKeyOwner({ keyId, userId: alice.userId })
  const { stored } = await createDataKey(before, owner)
  await query(
    `INSERT INTO crypto.device (user_id, device_id, key_id, kek_id, wrapped_key, keys, record, next_prekey_id,
       mailbox_epoch, opened_up_to, created_at) VALUES ($1, 7, $2, 'k1', $3, '', '', 1, 0, 0, now())`,
    [alice.userId, keyId, Buffer.from(stored.wrapped)],
  )
  const [, devices] = await rotateKek({ database: quantum.context.database, kek: during, onProgress: () => {} })
  expect(devices).toMatchObject({ rewrapped: 1, failed: 0 })
  const [row] = await query<{ kek_id: string; wrapped_key: Buffer }>('SELECT kek_id, wrapped_key FROM crypto.device')
  await openDataKey(after, owner, { kekId: row?.kek_id ?? '', wrapped: row?.wrapped_key ?? Buffer.alloc(0) })
  expect(row?.kek_id).toBe('k2')
})
