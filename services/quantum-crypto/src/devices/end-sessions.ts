import type { endSessions as contract, InputOf, OutputOf } from '@qsm/contract'
import { advancePeer } from '@qsm/protocol'
import { type DeviceRow, lockDevice } from './device/device-row.js'
import { type DeviceScope, noDevice, watchDevice, withScope } from './device/device-scope.js'
import type { Address, DeviceParts } from './parts.js'
import type { UserTurns } from './user-turns.js'

/** Destroys the sessions with these devices; the pinned keys stay. Returns how many there were. */
const endWith = async (
  scope: DeviceScope,
  peerUser: string,
  concerns: (device: Address) => boolean,
): Promise<number> => {
  let ended = 0
  for (const peer of await scope.peers.ofUser(peerUser)) {
    if (peer.entries.length === 0 || !concerns({ userId: peerUser, deviceId: peer.record.device })) continue
    ended += peer.entries.length
    scope.peers.put(advancePeer(peer, { entries: [] }))
  }
  return ended
}

/**
 * Destroys the keys of all sessions with a user, here and on a managed device of that user. Both devices are locked in the
 * order of their users, so that two who end at once do not wait for each other in a ring.
 */
export const createEndSessions =
  (parts: DeviceParts, turns: UserTurns) =>
  (userId: string, { peer_user_id: peerUser }: InputOf<typeof contract>): Promise<OutputOf<typeof contract>> =>
    turns(userId, () =>
      watchDevice(parts, userId, () =>
        parts.database.transaction(async query => {
          const rows = new Map<string, DeviceRow | null>()
          for (const id of [...new Set([userId, peerUser])].sort()) rows.set(id, await lockDevice(query, id))
          const own = rows.get(userId)
          const theirs = rows.get(peerUser)
          if (!own) throw noDevice()
          const ended = await withScope(parts, query, own, scope => endWith(scope, peerUser, () => true))
          if (theirs && peerUser !== userId) {
            const isOurs = ({ deviceId }: Address) => deviceId === own.deviceId
            await withScope(parts, query, theirs, scope => endWith(scope, userId, isOurs))
          }
          return { ended }
        }),
      ),
    )
