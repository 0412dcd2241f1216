import { encodeBase64, type ListedDevice } from '@qsm/contract'
import { type Clock, createLookup, type Database } from '@qsm/server-kit'

/** The active devices of some users with their records, as the quantum service is told of them. */
export type ListedDevicesOf = (userIds: readonly string[]) => Promise<readonly ListedDevice[]>

/** Looks of one turn of the event loop share a statement. */
export const createListedDevices = ({ query }: Pick<Database, 'query'>, clock: Clock): ListedDevicesOf => {
  const look = createLookup<ListedDevice[]>(async userIds => {
    const rows = await query<{ user_id: string; device_id: string; record: Buffer }>(
      {
        name: 'thin-devices',
        text: `SELECT user_id, device_id, record FROM message.device
          WHERE user_id = ANY($1::uuid[]) AND removed_at IS NULL AND (expires_at = 0 OR expires_at > $2)
          ORDER BY user_id, device_id`,
      },
      [userIds, clock.now()],
    )
    const byUser = new Map<string, ListedDevice[]>(userIds.map(userId => [userId, []]))
    for (const { user_id, device_id, record } of rows) {
      byUser.get(user_id)?.push({ user_id, device_id: Number(device_id), record: encodeBase64(record) })
    }
    return byUser
  })
  return async userIds => (await Promise.all([...userIds].sort().map(look))).flatMap(devices => devices ?? [])
}
