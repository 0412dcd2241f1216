import { decodeBase64, encodeBase64 } from '@qsm/contract'
import {
  addSession,
  type Algorithms,
  beginByPrekey,
  decodeBundle,
  decodeDeviceRecord,
  decodeRequestSecrets,
  encodeRequestSecrets,
  makeRequest,
  respond,
  takeResponse,
  wipe,
} from '@qsm/protocol'
import type { Api } from './api.js'
import { ownRecordBytes, readDevice } from './device.js'
import { QsmClientError } from './errors.js'
import { idFromBytes, idToBytes, newIdBytes } from './ids.js'
import { learnPeer, readPeer, recordOf } from './peers.js'
import { readSessions, writeSessions } from './sessions.js'
import { keys, type Peer } from './state.js'
import type { Store, StoreTransaction } from './store.js'

export interface PendingRequest {
  readonly request_id: string
  readonly sender_id: string
  readonly sender_username: string
  readonly handshake: string | null
  readonly created_at: string
  readonly expires_at: string
}

export interface ListedConnection {
  readonly peer_username: string
  readonly peer_user_id: string
  readonly state: 'requested' | 'started' | 'open' | 'rejected' | 'blocked'
  readonly request_id: string | null
  readonly handshake?: string
}

export interface Connector {
  /** Asks a user for a connection (mode B). Returns the request's id. */
  ask(username: string): Promise<string>
  pending(): Promise<readonly PendingRequest[]>
  accept(username: string): Promise<void>
  reject(username: string): Promise<void>
  connections(): Promise<readonly ListedConnection[]>
  /** Takes answers to own requests that have come. Returns the names of those who have accepted. */
  takeAnswers(connections: readonly ListedConnection[]): Promise<readonly string[]>
  /** Begins sessions with all devices of a user by their prekeys (mode A); no answer is needed. */
  start(username: string): Promise<void>
  /** Begins sessions with those devices of a user that have none yet. */
  startMissing(peer: Peer, deviceIds: readonly number[]): Promise<void>
}

const keepSession = async (
  transaction: StoreTransaction,
  algorithms: Algorithms,
  peer: { readonly userId: string; readonly deviceId: number },
  session: Parameters<typeof addSession>[1],
  begunAt: number,
): Promise<void> => {
  const entries = await readSessions(transaction, peer.userId, peer.deviceId)
  writeSessions(transaction, peer.userId, peer.deviceId, addSession(entries, session, begunAt, algorithms.now()))
}

export const createConnector = (store: Store, algorithms: Algorithms, api: Api): Connector => {
  const pinnedKey = (peer: Peer | null, deviceId: number): Uint8Array | undefined => {
    const device = peer?.devices.find(candidate => candidate.deviceId === deviceId)
    return device ? recordOf(device).identityKey : undefined
  }
  const pending = async () => (await api.call<{ requests: PendingRequest[] }>('GET', '/api/connection/pending')).requests
  const pendingFrom = async (username: string): Promise<PendingRequest> => {
    const found = (await pending()).find(request => request.sender_username.toLowerCase() === username.toLowerCase())
    if (found) return found
    throw new QsmClientError('no_request', `There is no request from ${username}. See who asks: qsm pending.`)
  }

  const ask = async (username: string): Promise<string> => {
    const peer = await learnPeer(store, algorithms, api, username)
    const requestId = newIdBytes(algorithms.now(), algorithms.randomBytes)
    const handshake = await store.exclusive(async transaction => {
      const local = await readDevice(transaction)
      const ownRecord = decodeDeviceRecord(await ownRecordBytes(transaction))
      const secrets = await makeRequest(algorithms, local, ownRecord, { requestId, toUser: idToBytes(peer.userId) })
      transaction.put(keys.request(idFromBytes(requestId)), encodeRequestSecrets(secrets))
      return encodeBase64(secrets.bytes)
    })
    await api.call('POST', '/api/connection/request', { receiver_username: username, handshake })
    return idFromBytes(requestId)
  }

  const accept = async (username: string): Promise<void> => {
    const request = await pendingFrom(username)
    if (!request.handshake) throw new QsmClientError('no_handshake', `The request of ${username} carries no handshake.`)
    const peer = await learnPeer(store, algorithms, api, request.sender_username)
    const requestBytes = decodeBase64(request.handshake)
    const handshake = await store.exclusive(async transaction => {
      const kept = await transaction.get(keys.response(request.request_id))
      if (kept) return encodeBase64(kept) // An answer is made once; this one may not have arrived.
      const local = await readDevice(transaction)
      const ownRecord = decodeDeviceRecord(await ownRecordBytes(transaction))
      const fromDevice = senderDevice(requestBytes)
      const answered = await respond(algorithms, local, ownRecord, requestBytes, pinnedKey(peer, fromDevice))
      const begunAt = answered.request.createdAt
      await keepSession(transaction, algorithms, { userId: peer.userId, deviceId: fromDevice }, answered.session, begunAt)
      transaction.put(keys.response(request.request_id), answered.response)
      return encodeBase64(answered.response)
    })
    await api.call('POST', '/api/connection/respond', { request_id: request.request_id, accept: true, handshake })
    await store.exclusive(async transaction => transaction.delete(keys.response(request.request_id)))
  }

  const takeAnswer = async (connection: ListedConnection): Promise<boolean> => {
    const { request_id: requestId, handshake } = connection
    if (!requestId || !handshake) return false
    const waiting = await store.exclusive(transaction => transaction.get(keys.request(requestId)))
    if (!waiting) return false
    const peer = await learnPeer(store, algorithms, api, connection.peer_username)
    return store.exclusive(async transaction => {
      const bytes = await transaction.get(keys.request(requestId))
      if (!bytes) return false
      const secrets = decodeRequestSecrets(bytes)
      const fromDevice = senderDevice(decodeBase64(handshake))
      const taken = await takeResponse(algorithms, secrets, decodeBase64(handshake), pinnedKey(peer, fromDevice))
      const address = { userId: peer.userId, deviceId: taken.response.fromDevice }
      await keepSession(transaction, algorithms, address, taken.session, taken.request.createdAt)
      transaction.delete(keys.request(requestId))
      wipe(secrets.p256.secretKey, secrets.kem.secretKey)
      return true
    })
  }

  const startMissing = async (peer: Peer, deviceIds: readonly number[]): Promise<void> => {
    if (deviceIds.length === 0) return
    const path = `/api/users/${encodeURIComponent(peer.username)}/bundles`
    const { bundles } = await api.call<{ bundles: { device_id: number; bundle: string }[] }>('POST', path, { device_ids: deviceIds })
    await store.exclusive(async transaction => {
      const local = await readDevice(transaction)
      const ownRecord = decodeDeviceRecord(await ownRecordBytes(transaction))
      for (const { device_id: deviceId, bundle } of bundles) {
        const pinned = pinnedKey(await readPeer(transaction, peer.userId), deviceId)
        const expected = { user: idToBytes(peer.userId), device: deviceId, ...(pinned ? { pinned } : {}) }
        const session = await beginByPrekey(algorithms, local, ownRecord, decodeBundle(decodeBase64(bundle)), expected)
        await keepSession(transaction, algorithms, { userId: peer.userId, deviceId }, session, algorithms.now())
      }
    })
    const missing = deviceIds.filter(deviceId => !bundles.some(bundle => bundle.device_id === deviceId))
    if (missing.length > 0) {
      throw new QsmClientError('no_prekey', `A device of ${peer.username} has no prekey at the server: it must come online first.`)
    }
  }

  return {
    ask,
    pending,
    accept,
    async reject(username) {
      const request = await pendingFrom(username)
      await api.call('POST', '/api/connection/respond', { request_id: request.request_id, accept: false })
    },
    connections: async () => (await api.call<{ connections: ListedConnection[] }>('GET', '/api/connections')).connections,
    async takeAnswers(connections) {
      const names: string[] = []
      for (const connection of connections) if (await takeAnswer(connection)) names.push(connection.peer_username)
      return names
    },
    async start(username) {
      const peer = await learnPeer(store, algorithms, api, username)
      const wanted = await store.exclusive(async transaction => {
        const missing: number[] = []
        for (const { deviceId } of peer.devices) {
          if ((await readSessions(transaction, peer.userId, deviceId)).every(entry => entry.archivedAt > 0)) missing.push(deviceId)
        }
        return missing
      })
      if (peer.devices.length === 0) {
        throw new QsmClientError('no_device', `${username} has no device yet: it must log in with an end-to-end client first.`)
      }
      await startMissing(peer, wanted)
    },
    startMissing,
  }
}

/** `fromDevice` of a request or response: behind version, type, reqId and fromUser. */
const senderDevice = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(34)
