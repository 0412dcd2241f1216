import { decodeBase64, listUserDevices } from '@qsm/contract'
import { type Algorithms, acceptDeviceRecord, type DeviceRecord, decodeDeviceRecord } from '@qsm/protocol'
import { asRefused, hasCode, QsmClientError } from '../errors.js'
import type { Api } from '../http/api.js'
import { idToBytes } from '../ids.js'
import type { Store } from '../store/store.js'
import { mergeDevices, type Peer, putPeer, readPeer, unacceptedDevices } from './peer.js'

/** A device that is new, or a key that changed, of a user who was known before. */
export interface IdentityChange {
  readonly username: string
  readonly devices: readonly number[]
}

export interface PeerDirectory {
  /** Fetches the devices of a user and keeps them. Throws `no_such_user`; `refused` where a record does not hold. */
  learn(username: string): Promise<Peer>
  /** Keeps a name as its owner writes it; it was asked for in any case of letters. */
  spell(userId: string, username: string): Promise<void>
}

export const createPeerDirectory = (options: {
  readonly store: Store
  readonly algorithms: Algorithms
  readonly api: Api
  readonly onIdentityChanged: (change: IdentityChange) => void
}): PeerDirectory => {
  const { store, algorithms, api } = options

  const fetchRecords = async (username: string): Promise<{ userId: string; records: readonly DeviceRecord[] }> => {
    const listed = await api.call(listUserDevices, { params: { username } }).catch((error: unknown) => {
      if (!hasCode(error, 'not_found')) throw error
      throw new QsmClientError('no_such_user', `There is no user ${username}.`, { status: 404, cause: error })
    })
    const user = idToBytes(listed.user_id)
    const records: DeviceRecord[] = []
    try {
      for (const { device_id, device_record } of listed.devices) {
        const record = decodeDeviceRecord(decodeBase64(device_record))
        await acceptDeviceRecord(algorithms, record, { user, device: device_id })
        records.push(record)
      }
    } catch (error) {
      throw asRefused(error, `a device of ${username}`)
    }
    return { userId: listed.user_id, records }
  }

  return {
    async learn(username) {
      const { userId, records } = await fetchRecords(username)
      const { peer, fresh } = await store.exclusive(async transaction => {
        const known = await readPeer(transaction, userId)
        const devices = mergeDevices(known?.devices ?? [], records)
        const after: Peer = { userId, username: known?.username ?? username, devices }
        const before = new Set(known ? unacceptedDevices(known) : [])
        if (JSON.stringify(after) !== JSON.stringify(known)) putPeer(transaction, after)
        return { peer: after, fresh: unacceptedDevices(after).filter(deviceId => !before.has(deviceId)) }
      })
      if (fresh.length > 0) options.onIdentityChanged({ username: peer.username, devices: fresh })
      return peer
    },
    spell: (userId, username) =>
      store.exclusive(async transaction => {
        const peer = await readPeer(transaction, userId)
        if (peer && peer.username !== username) putPeer(transaction, { ...peer, username })
      }),
  }
}
