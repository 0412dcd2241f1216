import { encodeBase64, type ListedDevice } from '@qsm/contract'
import type { Query } from '@qsm/server-kit'

/** The active devices of some users with their records, as the quantum service is told of them. */
export const listedDevicesOf = async (
  query: Query,
  userIds: readonly string[],
  now: number,
): Promise<readonly ListedDevice[]> => {
  const rows = await query<{ user_id: string; device_id: string; record: Buffer }>(
    {
      name: 'thin-devices',
      text: `SELECT user_id, device_id, record FROM message.device
        WHERE user_id = ANY($1::uuid[]) AND removed_at IS NULL AND (expires_at = 0 OR expires_at > $2)
        ORDER BY user_id, device_id`,
    },
    [userIds, now],
  )
  return rows.map(row => ({
    user_id: row.user_id,
    device_id: Number(row.device_id),
    record: encodeBase64(row.record),
  }))
}
