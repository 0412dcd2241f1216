import { decodeBase64, encodeBase64 } from '@qsm/contract'
import { acceptDeviceRecord, type Algorithms, type DeviceRecord, decodeDeviceRecord, equalBytes } from '@qsm/protocol'
import type { Api } from './api.js'
import { QsmClientError } from './errors.js'
import { idToBytes } from './ids.js'
import { getJson, keys, type Peer, type PeerDevice, putJson, readJson } from './state.js'
import type { Store, StoreTransaction } from './store.js'

interface ListedDevices {
  readonly user_id: string
  readonly devices: readonly { readonly device_id: number; readonly device_record: string }[]
}

export const recordOf = (device: PeerDevice): DeviceRecord => decodeDeviceRecord(decodeBase64(device.record))

export const readPeer = (transaction: StoreTransaction, userId: string): Promise<Peer | null> => getJson<Peer>(transaction, keys.peer(userId))

export const peerByName = async (transaction: StoreTransaction, username: string): Promise<Peer | null> => {
  const name = username.toLowerCase()
  for (const [, bytes] of await transaction.list(keys.peers)) {
    const peer = readJson<Peer>(bytes)
    if (peer.username.toLowerCase() === name) return peer
  }
  return null
}

/** Which of several devices the user has not accepted. */
export const unacceptedDevices = (peer: Peer): readonly number[] =>
  peer.devices.filter(device => !device.accepted).map(device => device.deviceId)

export const identityChanged = (peer: Peer): QsmClientError =>
  new QsmClientError(
    'identity_changed',
    `${peer.username} has a new device or another key. Compare safety numbers, then accept it (qsm accept-identity ${peer.username}).`,
    { details: { username: peer.username, devices: unacceptedDevices(peer) } },
  )

/** What was seen first stays pinned: another key under a known id is never taken in its place. */
const mergeDevices = (known: readonly PeerDevice[], listed: readonly DeviceRecord[], trustNew: boolean): readonly PeerDevice[] =>
  listed.map(record => {
    const before = known.find(device => device.deviceId === record.device)
    if (before && equalBytes(recordOf(before).identityKey, record.identityKey)) {
      return { ...before, record: encodeBase64(record.bytes) }
    }
    return { deviceId: record.device, record: encodeBase64(record.bytes), accepted: trustNew && !before }
  })

/**
 * Fetches a user's devices and keeps them. At first contact they are trusted as they are; later, a device that is new or
 * has another key waits until the user accepts it, or a server could add one and read along.
 */
export const learnPeer = async (store: Store, algorithms: Algorithms, api: Api, username: string): Promise<Peer> => {
  const listed = await api.call<ListedDevices>('GET', `/api/users/${encodeURIComponent(username)}/devices`)
  const user = idToBytes(listed.user_id)
  const records: DeviceRecord[] = []
  for (const { device_id, device_record } of listed.devices) {
    const record = decodeDeviceRecord(decodeBase64(device_record))
    await acceptDeviceRecord(algorithms, record, { user, device: device_id })
    records.push(record)
  }
  return store.exclusive(async transaction => {
    const known = await readPeer(transaction, listed.user_id)
    const isFirst = !known || known.devices.length === 0
    const peer: Peer = {
      userId: listed.user_id,
      username: known?.username ?? username,
      devices: mergeDevices(known?.devices ?? [], records, isFirst),
    }
    putJson(transaction, keys.peer(peer.userId), peer)
    return peer
  })
}

/** Takes all devices of a user as they are now; the user has compared safety numbers. */
export const acceptDevices = (store: Store, userId: string): Promise<void> =>
  store.exclusive(async transaction => {
    const peer = await readPeer(transaction, userId)
    if (!peer) return
    const devices = peer.devices.map(device => ({ ...device, accepted: true }))
    putJson(transaction, keys.peer(userId), { ...peer, devices })
  })
