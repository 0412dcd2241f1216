import type { InputOf, listSessionPeers, OutputOf, sessionStatus as statusContract } from '@qsm/contract'
import { sendingEntry, toHex } from '@qsm/protocol'
import type { Query } from '@qsm/server-kit'
import { type DeviceScope, noDevice } from './device/device-scope.js'

type Status = OutputOf<typeof statusContract>

/** How the device stands to a user: by the newest session on which can be sent to one of that user's devices. */
export const sessionStatus = async (
  scope: DeviceScope,
  { peer_user_id }: InputOf<typeof statusContract>,
): Promise<Status> => {
  const states = await scope.peers.ofUser(peer_user_id)
  const [newest] = states
    .flatMap(({ entries }) => sendingEntry(entries) ?? [])
    .sort((one, other) => other.begunAt - one.begunAt)
  if (!newest) return { active: false, session_id: null, established_at: null }
  return {
    active: true,
    session_id: toHex(newest.session.sid),
    established_at: new Date(newest.begunAt).toISOString(),
  }
}

/** Users with whom there is a session. Opens nothing, and waits for no other process. */
export const sessionPeers = async (query: Query, userId: string): Promise<OutputOf<typeof listSessionPeers>> => {
  const [device] = await query<{ peers: string[] }>(
    `SELECT ARRAY(SELECT DISTINCT k.peer_user::text FROM crypto.peer k
       WHERE k.user_id = d.user_id AND k.has_session AND k.peer_user <> k.user_id ORDER BY 1) AS peers
     FROM crypto.device d WHERE d.user_id = $1`,
    [userId],
  )
  if (!device) throw noDevice()
  return { peer_user_ids: device.peers }
}
