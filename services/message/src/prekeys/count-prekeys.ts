import type { Query } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'

export interface PrekeyCounts {
  readonly one_time: number
  readonly last_resort: number
}

/** How many prekeys of a device can be handed out now; null where the user has no such device. */
export const countPrekeys = async (
  query: Query,
  { userId, deviceId }: DeviceAddress,
  now: number,
): Promise<PrekeyCounts | null> => {
  const [row] = await query<PrekeyCounts>(
    `SELECT count(*) FILTER (WHERE p.kind = 1)::int AS one_time, count(*) FILTER (WHERE p.kind = 2)::int AS last_resort
     FROM message.device d LEFT JOIN message.prekey p
       ON p.user_id = d.user_id AND p.device_id = d.device_id AND p.not_after > $3
     WHERE d.user_id = $1 AND d.device_id = $2 AND d.removed_at IS NULL
     GROUP BY d.user_id`,
    [userId, deviceId, now],
  )
  return row ?? null
}
