import { canSend, decodePeer, encodePeer, type PeerState, peerTidyAt, wipe, wipePeer } from '@qsm/protocol'
import { idFromBytes, type Query } from '@qsm/server-kit'
import type { DataKey } from '../../at-rest/data-key.js'
import { type Address, addressKey } from '../parts.js'
import type { DeviceTables } from '../tables/device-tables.js'
import type { StoredPeer } from '../tables/statements.js'

/** The sessions of a managed device as one piece of work sees and changes them. */
export interface PeerBook {
  /** Reads several at once, so that `get` finds them. */
  load(addresses: readonly Address[]): Promise<void>
  /** The state of a device, null where none is kept. It stays the book's: it is wiped when it is replaced. */
  get(address: Address): Promise<PeerState | null>
  /** All states with devices of a user. */
  ofUser(userId: string): Promise<readonly PeerState[]>
  /** The next state of a device. */
  put(next: PeerState): void
  /** Stores what was changed. Throws where somebody else has changed it meanwhile: nothing of it may leave then. */
  flush(): Promise<void>
  /** Overwrites all secrets that are held. */
  wipe(): void
}

interface Held {
  /** Generation of the stored row, 0 where there is none. */
  stored: number
  state: PeerState | null
}

const placeOf = ({ userId, deviceId }: Address, generation: number) => ['peer', userId, deviceId, generation] as const

const addressOf = ({ record }: PeerState): Address => ({ userId: idFromBytes(record.user), deviceId: record.device })

export const createPeerBook = (options: {
  readonly query: Query
  readonly tables: DeviceTables
  readonly dataKey: DataKey
  readonly userId: string
}): PeerBook => {
  const { query, tables, dataKey, userId } = options
  const held = new Map<string, Held>()

  const hold = (row: StoredPeer): void => {
    const address = { userId: row.peer_user, deviceId: Number(row.peer_device) }
    if (held.has(addressKey(address))) return
    const stored = Number(row.generation)
    const bytes = dataKey.open(placeOf(address, stored), row.state)
    try {
      held.set(addressKey(address), { stored, state: decodePeer(bytes) })
    } finally {
      wipe(bytes)
    }
  }

  const load = async (addresses: readonly Address[]): Promise<void> => {
    const unknown = addresses.filter(address => !held.has(addressKey(address)))
    if (unknown.length === 0) return
    const rows = await tables.findPeers(unknown)
    for (const row of rows) hold(row)
    for (const address of unknown) {
      if (!held.has(addressKey(address))) held.set(addressKey(address), { stored: 0, state: null })
    }
  }

  const get = async (address: Address): Promise<PeerState | null> => {
    await load([address])
    return held.get(addressKey(address))?.state ?? null
  }

  return {
    load,
    get,
    async ofUser(peerUser) {
      const rows = await query<StoredPeer>(
        'SELECT user_id, peer_user, peer_device, generation, state FROM crypto.peer WHERE user_id = $1 AND peer_user = $2',
        [userId, peerUser],
      )
      for (const row of rows) hold(row)
      return [...held.values()].flatMap(({ state }) =>
        state && idFromBytes(state.record.user) === peerUser ? [state] : [],
      )
    },
    put(next) {
      const key = addressKey(addressOf(next))
      const before = held.get(key) ?? { stored: 0, state: null }
      if (before.state) wipePeer(before.state, next)
      held.set(key, { ...before, state: next })
    },
    async flush() {
      const changed = [...held.values()].flatMap(({ stored, state }) =>
        state && state.generation !== stored ? [{ stored, state, address: addressOf(state) }] : [],
      )
      if (changed.length === 0) return
      await tables.storePeers(
        changed.map(({ stored, state, address }) => {
          const bytes = encodePeer(state)
          try {
            const sealed = dataKey.seal(placeOf(address, state.generation), bytes)
            const { generation } = state
            return { address, before: stored, generation, canSend: canSend(state), tidyAt: peerTidyAt(state), sealed }
          } finally {
            wipe(bytes)
          }
        }),
      )
    },
    wipe() {
      for (const { state } of held.values()) if (state) wipePeer(state, null)
      held.clear()
    },
  }
}
