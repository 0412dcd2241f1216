import { decodeBase64, encodeBase64, listPendingRequests, respondToConnection } from '@qsm/contract'
import { type Algorithms, abandonSession, answerRequest, decodeRequest } from '@qsm/protocol'
import { readDevice, readOwnRecord } from '../device/own-device.js'
import { asRefused, hasCode, IdentityChangedError, isTransient, QsmClientError } from '../errors.js'
import type { Api } from '../http/api.js'
import type { SuccessOf } from '../http/read-answer.js'
import type { PeerDirectory } from '../peers/learn-peer.js'
import { unacceptedDevices } from '../peers/peer.js'
import { putState, readState } from '../peers/peer-states.js'
import { keys } from '../store/keys.js'
import type { Store, StoreTransaction } from '../store/store.js'
import { decodeRecord, encodeRecord } from '../store/values.js'

export interface PendingRequest extends Readonly<SuccessOf<typeof listPendingRequests>['requests'][number]> {
  /** Made by the server for a thin client. */
  readonly managed: boolean
}

/** An answer that was made and may not have arrived: a request is answered once, so the same one goes out again. */
interface KeptAnswer {
  readonly requestId: string
  readonly username: string
  readonly userId: string
  readonly deviceId: number
}

/** Whether a request was made by the server for a thin client. What cannot be read is none of anybody. */
export const isManagedRequest = ({ handshake }: { readonly handshake: string | null }): boolean => {
  try {
    return handshake !== null && decodeRequest(decodeBase64(handshake)).record.managed
  } catch {
    return false
  }
}

const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const keptAnswerTo = async (transaction: StoreTransaction, username: string) => {
  for (const [key, bytes] of await transaction.list(keys.answers)) {
    const { head, parts } = decodeRecord<KeptAnswer>(key, bytes)
    const [sid, response] = parts
    if (sid && response && sameName(head.username, username)) return { ...head, sid, response }
  }
  return null
}
type Kept = NonNullable<Awaited<ReturnType<typeof keptAnswerTo>>>

export const createAnswerer = (store: Store, algorithms: Algorithms, api: Api, directory: PeerDirectory) => {
  const pending = async (signal?: AbortSignal): Promise<readonly PendingRequest[]> =>
    (await api.call(listPendingRequests, { signal })).requests.map(request => ({
      ...request,
      managed: isManagedRequest(request),
    }))

  const newestFrom = async (username: string): Promise<PendingRequest & { readonly handshake: string }> => {
    const found = (await pending()).findLast(request => sameName(request.sender_username, username))
    if (!found)
      throw new QsmClientError(
        'no_request',
        `There is no request from ${username}. See who asks: client.pending(), or qsm pending.`,
      )
    if (!found.handshake)
      throw new QsmClientError('no_request', `The request of ${username} carries no handshake that this client speaks.`)
    return { ...found, handshake: found.handshake }
  }

  /** Makes the answer, and keeps it with the session before it leaves. */
  const makeAnswer = async (username: string): Promise<Kept> => {
    const request = await newestFrom(username)
    const peer = await directory.learn(request.sender_username)
    const requestBytes = decodeBase64(request.handshake)
    const { fromDevice } = decodeRequest(requestBytes)
    if (unacceptedDevices(peer).includes(fromDevice)) throw new IdentityChangedError(peer.username, [fromDevice], false)
    return store.exclusive(async transaction => {
      const local = await readDevice(transaction)
      const ownRecord = await readOwnRecord(transaction)
      const address = { userId: peer.userId, deviceId: fromDevice }
      const before = await readState(transaction, address)
      const { peer: state, response, sid } = await answerRequest(algorithms, local, ownRecord, before, requestBytes)
      const head: KeptAnswer = { requestId: request.request_id, username: peer.username, ...address }
      transaction.put(keys.answer(head.requestId), encodeRecord(head, [sid, response]))
      putState(transaction, address, state, before)
      return { ...head, sid, response }
    })
  }

  const forget = (kept: Kept, withSession: boolean) =>
    store.exclusive(async transaction => {
      transaction.delete(keys.answer(kept.requestId))
      const state = withSession ? await readState(transaction, kept) : null
      if (state) putState(transaction, kept, abandonSession(state, kept.sid), state)
    })

  return {
    /** Requests that wait for an answer, oldest first. */
    pending,

    /** Accepts the newest request of a user (mode B). Throws `no_request`, `identity_changed`, `already_answered`. */
    async accept(username: string): Promise<void> {
      const earlier = await store.exclusive(transaction => keptAnswerTo(transaction, username))
      const kept =
        earlier ??
        (await makeAnswer(username).catch((error: unknown) => {
          throw asRefused(error, `a request of ${username}`)
        }))
      const body = { request_id: kept.requestId, accept: true, handshake: encodeBase64(kept.response) }
      try {
        await api.call(respondToConnection, { body })
      } catch (error) {
        if (isTransient(error)) throw error
        // An answer that was under way before and is now said to be given: it was this one.
        const hadArrived = earlier !== null && hasCode(error, 'already_answered')
        await forget(kept, !hadArrived)
        if (hadArrived) return
        throw error
      }
      await forget(kept, false)
    },

    async reject(username: string): Promise<void> {
      const { request_id } = await newestFrom(username)
      await api.call(respondToConnection, { body: { request_id, accept: false } })
    },
  }
}

export type Answerer = ReturnType<typeof createAnswerer>
