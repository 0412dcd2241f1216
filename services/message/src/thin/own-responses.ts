import { encodeBase64, limits } from '@qsm/contract'
import type { Query } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'

/** As many as the quantum service takes in one operation. */
const maxResponses = 100

/**
 * Answers to requests of a managed device, of some users or of all where `peerIds` is null; oldest first, so that the newest
 * session is the one in use. They are kept 14 days; the quantum service passes over those it has taken.
 */
export const responsesTo = async (
  query: Query,
  { userId, deviceId }: DeviceAddress,
  peerIds: readonly string[] | null,
  now: number,
): Promise<string[]> => {
  const rows = await query<{ response: Buffer }>(
    `SELECT response FROM (
       SELECT response, answered_at, request_id FROM message.connection_request
       WHERE from_user = $1 AND from_device = $2 AND state = 'accepted' AND answered_at > $3
         AND ($4::uuid[] IS NULL OR to_user = ANY($4))
       ORDER BY answered_at DESC, request_id LIMIT ${maxResponses}
     ) newest ORDER BY answered_at, request_id`,
    [userId, deviceId, new Date(now - limits.requestLifeMs), peerIds],
  )
  return rows.map(row => encodeBase64(row.response))
}
