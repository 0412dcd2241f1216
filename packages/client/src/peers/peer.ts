import { decodeBase64, encodeBase64 } from '@qsm/contract'
import { type DeviceRecord, decodeDeviceRecord, equalBytes } from '@qsm/protocol'
import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'
import { getJson, putJson } from '../store/values.js'

/** A device of a user as this client knows it. */
export interface PeerDevice {
  readonly deviceId: number
  /** The signed record whose identity key is pinned, base64. */
  readonly record: string
  /** Another record under the same id, with another identity key, that waits to be accepted; base64. */
  readonly changedRecord?: string
  /** Whether messages may be sealed to it: seen at first contact, or accepted by the user. */
  readonly accepted: boolean
  /** Whether the server listed it last time. A device that went stays pinned. */
  readonly active: boolean
}

export interface Peer {
  readonly userId: string
  readonly username: string
  readonly devices: readonly PeerDevice[]
}

export const recordOf = (device: PeerDevice): DeviceRecord => decodeDeviceRecord(decodeBase64(device.record))

export const readPeer = (transaction: StoreTransaction, userId: string): Promise<Peer | null> =>
  getJson<Peer>(transaction, keys.peer(userId))

export const readPeerByName = async (transaction: StoreTransaction, username: string): Promise<Peer | null> => {
  const userId = await getJson<string>(transaction, keys.peerName(username))
  return userId === null ? null : readPeer(transaction, userId)
}

export const putPeer = (transaction: StoreTransaction, peer: Peer): void => {
  putJson(transaction, keys.peer(peer.userId), peer)
  putJson(transaction, keys.peerName(peer.username), peer.userId)
}

export const deviceOf = (peer: Peer | null, deviceId: number): PeerDevice | null =>
  peer?.devices.find(device => device.deviceId === deviceId) ?? null

/** The devices to which a message goes. */
export const activeDevices = (peer: Peer): readonly PeerDevice[] => peer.devices.filter(device => device.active)

/** Those of them that the user has to accept before anything is sent. */
export const unacceptedDevices = (peer: Peer): readonly number[] =>
  activeDevices(peer)
    .filter(device => !device.accepted || device.changedRecord !== undefined)
    .map(device => device.deviceId)

/** The identity keys that the server shows now, accepted or not: what a safety number is about. */
export const shownIdentityKeys = (peer: Peer): readonly Uint8Array[] =>
  activeDevices(peer).map(device => decodeDeviceRecord(decodeBase64(device.changedRecord ?? device.record)).identityKey)

const merge = (before: PeerDevice | null, record: DeviceRecord, isFirstContact: boolean): PeerDevice => {
  const text = encodeBase64(record.bytes)
  if (!before) return { deviceId: record.device, record: text, accepted: isFirstContact, active: true }
  if (!equalBytes(recordOf(before).identityKey, record.identityKey)) {
    return { ...before, changedRecord: text, active: true }
  }
  const { changedRecord: _, ...same } = before
  return { ...same, record: text, active: true }
}

/**
 * The devices of a user after the server has listed them all. At first contact they are trusted as they are. Later, one
 * that is new or shows another key waits until the user accepts it: else a server adds a device and reads along.
 */
export const mergeDevices = (known: readonly PeerDevice[], listed: readonly DeviceRecord[]): readonly PeerDevice[] => {
  const isFirstContact = known.length === 0
  const find = (deviceId: number) => known.find(device => device.deviceId === deviceId) ?? null
  const gone = known.filter(device => !listed.some(record => record.device === device.deviceId))
  return [
    ...listed.map(record => merge(find(record.device), record, isFirstContact)),
    ...gone.map(device => ({ ...device, active: false })),
  ]
}

/** The devices as the user accepts them now; a changed key takes the place of the pinned one. */
export const acceptDevices = (devices: readonly PeerDevice[]): readonly PeerDevice[] =>
  devices.map(({ changedRecord, ...device }) =>
    device.active ? { ...device, record: changedRecord ?? device.record, accepted: true } : device,
  )
