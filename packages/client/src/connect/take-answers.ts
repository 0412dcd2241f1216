import { decodeBase64, type listConnections } from '@qsm/contract'
import {
  type Algorithms,
  completeRequest,
  decodeRequestSecrets,
  decodeResponse,
  wipe,
  wipeRequest,
} from '@qsm/protocol'
import { asRefused } from '../errors.js'
import type { SuccessOf } from '../http/read-answer.js'
import type { PeerDirectory } from '../peers/learn-peer.js'
import { putState, readState } from '../peers/peer-states.js'
import { keys } from '../store/keys.js'
import type { Store } from '../store/store.js'
import { readOwnRequests, readRequestSecrets } from './request.js'

export type ListedConnection = SuccessOf<typeof listConnections>['connections'][number]

/** What became of own requests. */
export interface AnswerTaker {
  /** Whether an own request waits. */
  isWaiting(): Promise<boolean>
  /** Takes the answers among these connections, drops the secrets of what was rejected or has expired. */
  take(
    connections: readonly Pick<ListedConnection, 'peer_username' | 'state' | 'request_id' | 'handshake'>[],
  ): Promise<void>
}

export const createAnswerTaker = (store: Store, algorithms: Algorithms, directory: PeerDirectory): AnswerTaker => {
  const forget = (requestId: string) =>
    store.exclusive(async transaction => transaction.delete(keys.request(requestId)))

  /** Mode B, the side that asked: the session is kept in the transaction that erases the request's secrets. */
  const takeOne = async (requestId: string, username: string, responseBytes: Uint8Array): Promise<void> => {
    const { userId } = await directory.learn(username)
    await store.exclusive(async transaction => {
      const stored = await readRequestSecrets(transaction, requestId)
      if (!stored) return // Taken before, or by another client of this store.
      const secrets = decodeRequestSecrets(stored)
      const address = { userId, deviceId: decodeResponse(responseBytes).fromDevice }
      const before = await readState(transaction, address)
      const { peer } = await completeRequest(algorithms, secrets, before, responseBytes)
      putState(transaction, address, peer, before)
      transaction.delete(keys.request(requestId))
      wipeRequest(secrets)
      wipe(stored)
    })
  }

  return {
    isWaiting: async () => (await store.exclusive(transaction => transaction.keys(keys.requests))).length > 0,
    async take(connections) {
      const waiting = new Map((await store.exclusive(readOwnRequests)).map(own => [own.requestId, own]))
      for (const own of waiting.values()) if (own.expiresAt <= algorithms.now()) await forget(own.requestId)
      for (const { request_id: requestId, handshake, state, peer_username: username } of connections) {
        if (requestId === null || !waiting.has(requestId)) continue
        if (state === 'rejected') await forget(requestId)
        if (!handshake) continue
        try {
          await takeOne(requestId, username, decodeBase64(handshake))
        } catch (error) {
          throw asRefused(error, `an answer of ${username}`)
        }
      }
    },
  }
}
