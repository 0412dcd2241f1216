import { tidyPeer } from '@qsm/protocol'
import type { DeviceScope } from './device/device-scope.js'

/** Drops what is too old to keep from the sessions of a device. */
export const tidySessions = async (scope: DeviceScope): Promise<void> => {
  const due = await scope.query<{ peer_user: string; peer_device: string }>(
    'SELECT peer_user, peer_device FROM crypto.peer WHERE user_id = $1 AND tidy_at <= $2',
    [scope.userId, scope.now],
  )
  for (const row of due) {
    const peer = await scope.peers.get({ userId: row.peer_user, deviceId: Number(row.peer_device) })
    if (peer) scope.peers.put(tidyPeer(peer, scope.now))
  }
}
