import type { ClientParts } from '../client-parts.js'
import { acceptDevices, putPeer, readPeer } from './peer.js'
import { dropState } from './peer-states.js'

/** Accepts the devices of a user as the server shows them now. Sessions with a key that is no more are dropped. */
export const acceptIdentityOf = async (
  { directory, store }: Pick<ClientParts, 'directory' | 'store'>,
  username: string,
): Promise<void> => {
  const { userId } = await directory.learn(username)
  await store.exclusive(async transaction => {
    const peer = await readPeer(transaction, userId)
    if (!peer) return
    for (const { deviceId, changedRecord } of peer.devices) {
      if (changedRecord !== undefined) dropState(transaction, { userId, deviceId })
    }
    putPeer(transaction, { ...peer, devices: acceptDevices(peer.devices) })
  })
}
