import type { Replicas } from '../../../tests/support/replicas.js'

/** A device of a user, and the login session that works as it. */
export interface DeviceRow {
  readonly userId: string
  readonly deviceId: number
  readonly sessionId: string
}

/** Puts devices in by SQL, with the keys of another device, each with an empty mailbox and bound to its session. */
export const insertDevices = async (replicas: Replicas, devices: readonly DeviceRow[]): Promise<void> => {
  const columns = [devices.map(({ userId }) => userId), devices.map(({ deviceId }) => deviceId)]
  const rows = 'unnest($1::uuid[], $2::bigint[]) AS n(user_id, device_id)'
  await replicas.sql(
    `INSERT INTO message.device (user_id, device_id, record, expires_at, created_at)
     SELECT user_id, device_id, (SELECT record FROM message.device LIMIT 1), 0, now() FROM ${rows}`,
    columns,
  )
  await replicas.sql(
    `INSERT INTO message.mailbox (user_id, device_id, epoch) SELECT user_id, device_id, 1 FROM ${rows}`,
    columns,
  )
  await replicas.sql(
    `INSERT INTO message.device_binding (session_id, user_id, device_id, bound_at)
     SELECT n.session_id, n.user_id, n.device_id, now()
     FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS n(user_id, device_id, session_id)`,
    [...columns, devices.map(({ sessionId }) => sessionId)],
  )
}
