import {
  decodePrekeySecrets,
  encodePrekeySecrets,
  type PrekeySecrets,
  type UsedPrekey,
  wipe,
  wipePrekey,
} from '@qsm/protocol'
import type { DeviceScope } from './device/device-scope.js'

const placeOf = (id: number) => ['prekey', id] as const

const sealed = ({ dataKey }: DeviceScope, secrets: PrekeySecrets): Uint8Array => {
  const bytes = encodePrekeySecrets(secrets)
  try {
    return dataKey.seal(placeOf(secrets.id), bytes)
  } finally {
    wipe(bytes)
  }
}

/** Stores private halves, and wipes them. */
export const insertPrekeys = async (scope: DeviceScope, drawn: readonly PrekeySecrets[]): Promise<void> => {
  await scope.query(
    `INSERT INTO crypto.prekey (user_id, prekey_id, not_after, secrets)
     SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[])`,
    [
      scope.userId,
      drawn.map(({ id }) => id),
      drawn.map(({ notAfter }) => notAfter),
      drawn.map(secrets => sealed(scope, secrets)),
    ],
  )
  for (const secrets of drawn) wipePrekey(secrets)
}

/** The private halves of an own prekey, the caller's to wipe; null where they are erased, or never were. */
export const readPrekey = async (scope: DeviceScope, id: number): Promise<PrekeySecrets | null> => {
  const [row] = await scope.query<{ secrets: Buffer }>(
    'SELECT secrets FROM crypto.prekey WHERE user_id = $1 AND prekey_id = $2',
    [scope.userId, id],
  )
  if (!row) return null
  const bytes = scope.dataKey.open(placeOf(id), row.secrets)
  try {
    return decodePrekeySecrets(bytes)
  } finally {
    wipe(bytes)
  }
}

/** A one-time prekey is erased with the first envelope that it opens; a last-resort one remembers what it has begun. */
export const keepPrekey = async (scope: DeviceScope, { id, kept }: UsedPrekey): Promise<void> => {
  const key = [scope.userId, id]
  if (!kept) {
    await scope.query('DELETE FROM crypto.prekey WHERE user_id = $1 AND prekey_id = $2', key)
    return
  }
  await scope.query('UPDATE crypto.prekey SET secrets = $3 WHERE user_id = $1 AND prekey_id = $2', [
    ...key,
    sealed(scope, kept),
  ])
}
