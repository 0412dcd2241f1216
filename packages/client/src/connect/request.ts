import { encodeBase64, requestConnection } from '@qsm/contract'
import { type Algorithms, decodeRequest, encodeRequestSecrets, makeRequest, wipe } from '@qsm/protocol'
import { readDevice, readOwnRecord } from '../device/own-device.js'
import { isTransient } from '../errors.js'
import type { Api } from '../http/api.js'
import { idFromBytes, idToBytes, newIdBytes } from '../ids.js'
import type { PeerDirectory } from '../peers/learn-peer.js'
import type { Peer } from '../peers/peer.js'
import { keys } from '../store/keys.js'
import type { Store, StoreTransaction } from '../store/store.js'
import { decodeRecord, encodeRecord } from '../store/values.js'

/** What is known of an own request while it waits. */
export interface OwnRequest {
  readonly requestId: string
  readonly username: string
  readonly userId: string
  readonly expiresAt: number
}

/** Own requests that wait for an answer; what they keep beside goes to the handshake. */
export const readOwnRequests = async (transaction: StoreTransaction): Promise<readonly OwnRequest[]> => {
  const listed = await transaction.list(keys.requests)
  return listed.map(([key, bytes]) => {
    const { head, parts } = decodeRecord<OwnRequest>(key, bytes)
    wipe(bytes, ...parts)
    return head
  })
}

/** The secrets of an own request, as the protocol encodes them; null where it was answered or has expired. */
export const readRequestSecrets = async (
  transaction: StoreTransaction,
  requestId: string,
): Promise<Uint8Array | null> => {
  const key = keys.request(requestId)
  const bytes = await transaction.get(key)
  return (bytes && decodeRecord<OwnRequest>(key, bytes).parts[0]) ?? null
}

export const createRequester = (store: Store, algorithms: Algorithms, api: Api, directory: PeerDirectory) => {
  /** The request that waits already, else a new one; its secrets are kept before it leaves. */
  const prepare = (peer: Peer) =>
    store.exclusive(async transaction => {
      const local = await readDevice(transaction)
      const ownRecord = await readOwnRecord(transaction)
      const requestId = newIdBytes(algorithms.now(), algorithms.randomBytes)
      const secrets = await makeRequest(algorithms, local, ownRecord, { requestId, toUser: idToBytes(peer.userId) })
      const { expiresAt } = decodeRequest(secrets.bytes)
      const own: OwnRequest = {
        requestId: idFromBytes(requestId),
        username: peer.username,
        userId: peer.userId,
        expiresAt,
      }
      transaction.put(keys.request(own.requestId), encodeRecord(own, [encodeRequestSecrets(secrets)]))
      const handshake = encodeBase64(secrets.bytes)
      wipe(secrets.p256.secretKey, secrets.kem.secretKey)
      return { own, handshake }
    })

  return {
    /** Asks a user for a connection (mode B). Throws `no_such_user`, `blocked`. */
    async ask(username: string): Promise<OwnRequest> {
      const peer = await directory.learn(username)
      const { own, handshake } = await prepare(peer)
      try {
        const answer = await api.call(requestConnection, { body: { receiver_username: username, handshake } })
        await directory.spell(peer.userId, answer.receiver)
        return own
      } catch (error) {
        // Where the server gave no answer it may have the request: its secrets stay until it expires.
        if (!isTransient(error))
          await store.exclusive(async transaction => transaction.delete(keys.request(own.requestId)))
        throw error
      }
    },
  }
}

export type Requester = ReturnType<typeof createRequester>
