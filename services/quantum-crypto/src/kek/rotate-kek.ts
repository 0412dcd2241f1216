import type { Database, Query } from '@qsm/server-kit'
import { type DataKeyOwner, rewrapDataKey } from '../at-rest/data-key.js'
import { AtRestError, type KeyEncryptionKey, type WrappedKey } from '../at-rest/key-encryption-key.js'
import { deviceKeyOwner } from '../devices/device/device-row.js'

interface Row {
  readonly key_id: string
  readonly user_id: string
  readonly kek_id: string
  readonly wrapped_key: Buffer
  readonly algorithm: string
  readonly purpose: string
  readonly version: number
}

interface WrappedTable {
  readonly name: string
  readonly columns: string
  ownerOf(row: Row): DataKeyOwner
}

/** Every table with wrapped data keys. */
const tables: readonly WrappedTable[] = [
  {
    name: 'crypto.managed_key',
    columns: 'key_id, user_id, kek_id, wrapped_key, algorithm, purpose, version',
    ownerOf: row => ({
      keyId: row.key_id,
      userId: row.user_id,
      algorithm: row.algorithm,
      purpose: row.purpose,
      version: row.version,
    }),
  },
  {
    name: 'crypto.device',
    columns: 'key_id, user_id, kek_id, wrapped_key',
    ownerOf: row => deviceKeyOwner({ keyId: row.key_id, userId: row.user_id }),
  },
]

export interface RotationProgress {
  readonly table: string
  /** Data keys of this table that are under another key-encryption key than the current one, when it was begun. */
  readonly total: number
  readonly rewrapped: number
  /** Data keys that could not be opened; they stay as they are. */
  readonly failed: number
}

export interface RotationOptions {
  readonly database: Pick<Database, 'query'>
  readonly kek: KeyEncryptionKey
  /** Told before the first and after each batch of a table. */
  readonly onProgress: (progress: RotationProgress) => void
  readonly batchRows?: number
}

type Changed = { readonly row: Row; readonly wrapped: WrappedKey }

/** In one statement. A row that was changed meanwhile keeps what it has: it was wrapped anew by whoever changed it. */
const store = async (query: Query, table: string, changed: readonly Changed[]): Promise<number> => {
  const rows = await query(
    `UPDATE ${table} t SET kek_id = n.kek_id, wrapped_key = n.wrapped_key
     FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) AS n (key_id, kek_id, wrapped_key, before)
     WHERE t.key_id = n.key_id AND t.wrapped_key = n.before RETURNING 1`,
    [
      changed.map(({ row }) => row.key_id),
      changed.map(({ wrapped }) => wrapped.kekId),
      changed.map(({ wrapped }) => Buffer.from(wrapped.wrapped)),
      changed.map(({ row }) => row.wrapped_key),
    ],
  )
  return rows.length
}

const rewrap = async (kek: KeyEncryptionKey, table: WrappedTable, row: Row): Promise<Changed | null> => {
  try {
    const wrapped = await rewrapDataKey(kek, table.ownerOf(row), { kekId: row.kek_id, wrapped: row.wrapped_key })
    return wrapped && { row, wrapped }
  } catch (error) {
    if (error instanceof AtRestError) return null
    throw error
  }
}

/** How many rows are wrapped at once: an outside key service is asked twice for each. */
const atOnce = 16

const rewrapAll = async (
  kek: KeyEncryptionKey,
  table: WrappedTable,
  rows: readonly Row[],
): Promise<readonly Changed[]> => {
  const changed: Changed[] = []
  for (let at = 0; at < rows.length; at += atOnce) {
    const done = await Promise.all(rows.slice(at, at + atOnce).map(row => rewrap(kek, table, row)))
    changed.push(...done.filter(result => result !== null))
  }
  return changed
}

const rotateTable = async (table: WrappedTable, options: RotationOptions): Promise<RotationProgress> => {
  const { database, kek, onProgress, batchRows = 500 } = options
  const [count] = await database.query<{ total: string }>(
    `SELECT count(*) AS total FROM ${table.name} WHERE kek_id <> $1`,
    [kek.currentId],
  )
  let progress: RotationProgress = { table: table.name, total: Number(count?.total ?? 0), rewrapped: 0, failed: 0 }
  onProgress(progress)
  for (let after: string | null = null; ; ) {
    const rows: Row[] = await database.query<Row>(
      `SELECT ${table.columns} FROM ${table.name}
       WHERE kek_id <> $1 AND ($2::uuid IS NULL OR key_id > $2) ORDER BY key_id LIMIT $3`,
      [kek.currentId, after, batchRows],
    )
    const last = rows.at(-1)
    if (!last) return progress
    const changed = await rewrapAll(kek, table, rows)
    const rewrapped = progress.rewrapped + (await store(database.query, table.name, changed))
    progress = { ...progress, rewrapped, failed: progress.failed + rows.length - changed.length }
    onProgress(progress)
    after = last.key_id
  }
}

/**
 * Wraps every data key under the current key-encryption key; what is sealed under data keys stays as it is. Each batch is
 * committed by itself and what is done is not looked at again, so it may be ended at any moment and started once more, beside
 * a server that runs.
 */
export const rotateKek = async (options: RotationOptions): Promise<readonly RotationProgress[]> => {
  const done: RotationProgress[] = []
  for (const table of tables) done.push(await rotateTable(table, options))
  return done
}
