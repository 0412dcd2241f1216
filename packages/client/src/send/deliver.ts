import type { Algorithms } from '@qsm/protocol'
import { pause, retryMs } from '../backoff.js'
import { hasCode, isTransient, QsmClientError } from '../errors.js'
import { readPeer } from '../peers/peer.js'
import type { Store } from '../store/store.js'
import { type Outgoing, readOutgoing, replaceOutgoing } from './outbox.js'
import type { Post } from './post.js'
import type { Reach } from './reach.js'
import { SessionMissing, seal } from './seal.js'

/** The server takes what was sealed within a day; with an hour to spare it is sealed anew. */
const maxAgeMs = 23 * 3_600_000
const maxRounds = 5

export interface Delivery {
  /**
   * Brings one message of the queue to the server, however long that takes. Resolves when it is stored there; throws what
   * the server has refused for good, `identity_changed`, `not_logged_in`, or `closed` when the signal comes.
   */
  deliver(key: string, outgoing: Outgoing, signal: AbortSignal, online: () => AbortSignal): Promise<void>
}

export const createDelivery = (options: {
  readonly store: Store
  readonly algorithms: Algorithms
  readonly reach: Reach
  readonly post: Post
}): Delivery => {
  const { store, algorithms, reach, post } = options

  /** Nothing was stored under this id: seal the same content again, for the devices as they are now. */
  const sealAgain = async (key: string, outgoing: Outgoing): Promise<Outgoing> => {
    for (let round = 0; ; round += 1) {
      await (round === 0 ? reach.relearn(outgoing.username) : reach.ensure(outgoing.username))
      try {
        return await store.exclusive(async transaction => {
          const peer = await readPeer(transaction, outgoing.userId)
          const current = await readOutgoing(transaction, key)
          if (!peer || !current) return outgoing
          const sealed = await seal(transaction, algorithms, { ...outgoing, peer })
          const again = { ...outgoing, ...sealed, sealedAt: algorithms.now() }
          replaceOutgoing(transaction, key, again)
          return again
        })
      } catch (error) {
        if (!(error instanceof SessionMissing) || round === maxRounds) throw error
      }
    }
  }

  return {
    async deliver(key, first, signal, online) {
      let outgoing = first
      let mustSeal = false
      let rounds = 0
      for (let attempt = 0; ; attempt += 1) {
        if (signal.aborted) throw new QsmClientError('closed', 'This client was closed.')
        try {
          if (mustSeal || algorithms.now() - outgoing.sealedAt > maxAgeMs) {
            outgoing = await sealAgain(key, outgoing)
            mustSeal = false
          }
          return await post(outgoing)
        } catch (error) {
          // Only this message ever had this id: an earlier sealing of it has arrived.
          if (outgoing !== first && hasCode(error, 'idempotency_conflict')) return
          if (hasCode(error, 'device_mismatch') && rounds < maxRounds) {
            rounds += 1
            mustSeal = true
            continue
          }
          // A device that registers just now has no prekeys for a moment.
          const mayPass = isTransient(error) || (hasCode(error, 'no_prekeys') && attempt < maxRounds)
          if (!mayPass) throw error
          await pause(retryMs(error, attempt, algorithms), signal, online())
        }
      }
    },
  }
}
