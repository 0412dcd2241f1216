import { createBatcher, type Query } from '@qsm/server-kit'
import type { Address } from '../parts.js'
import type { DeviceTables } from './device-tables.js'
import {
  findPeers,
  findSealings,
  findWaiting,
  type PeerChange,
  type StoredPeer,
  storePeers,
  storeSealings,
} from './statements.js'

/** The tables of several users within one transaction. */
export interface GatheredTables {
  /** The tables of one user. What is stored stays here until `take`, and goes with `store`. */
  of(userId: string): DeviceTables & { take(): void }
  /** Stores what was taken of all users. Throws where a statement failed, also one before. */
  store(): Promise<void>
}

/** What is read by several users in one turn of the event loop shares a statement; what they store is written together. */
export const gatherTables = (query: Query): GatheredTables => {
  let fault: { readonly error: unknown } | null = null
  const gather = <I, O>(run: (items: readonly I[]) => Promise<readonly O[]>) =>
    createBatcher<I, O>({
      maxItems: 1_024,
      maxInFlight: 1,
      run: items =>
        run(items).catch((error: unknown) => {
          fault ??= { error }
          throw error
        }),
    })
  const peers = gather(async (asked: readonly { userId: string; addresses: readonly Address[] }[]) => {
    const rows = await findPeers(
      query,
      asked.flatMap(({ userId, addresses }) => addresses.map(address => ({ userId, address }))),
    )
    const byUser = new Map<string, StoredPeer[]>(asked.map(({ userId }) => [userId, []]))
    for (const row of rows) byUser.get(row.user_id)?.push(row)
    return asked.map(({ userId }) => byUser.get(userId) ?? [])
  })
  const waiting = gather((asked: Parameters<typeof findWaiting>[1]) => findWaiting(query, asked))
  const sealings = gather((asked: Parameters<typeof findSealings>[1]) => findSealings(query, asked))
  const taken = {
    peers: [] as { userId: string; change: PeerChange }[],
    sealings: [] as Parameters<typeof storeSealings>[1][number][],
  }

  return {
    of(userId) {
      const own: typeof taken = { peers: [], sealings: [] }
      return {
        findPeers: addresses => peers({ userId, addresses }),
        isWaitingFor: (toUser, now) => waiting({ userId, toUser, now }),
        findSealing: (clientMessageId, after) => sealings({ userId, clientMessageId, after }),
        async storePeers(changes) {
          own.peers.push(...changes.map(change => ({ userId, change })))
        },
        async storeSealing(clientMessageId, sealed, createdAt) {
          own.sealings.push({ userId, clientMessageId, sealed, createdAt })
        },
        take() {
          taken.peers.push(...own.peers)
          taken.sealings.push(...own.sealings)
        },
      }
    },
    async store() {
      if (fault) throw fault.error
      await storePeers(query, taken.peers)
      await storeSealings(query, taken.sealings)
    },
  }
}
