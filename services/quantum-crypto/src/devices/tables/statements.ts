import { bigints, byteas, type Query, uuids } from '@qsm/server-kit'
import type { Address } from '../parts.js'

// Each statement serves any number of users at once.

export interface StoredPeer {
  readonly user_id: string
  readonly peer_user: string
  readonly peer_device: string
  readonly generation: string
  readonly state: Buffer
}

/** The next state of a peer's device, sealed. */
export interface PeerChange {
  readonly address: Address
  /** Generation of the stored row, 0 where there is none. */
  readonly before: number
  readonly generation: number
  readonly canSend: boolean
  /** Milliseconds since 1970. */
  readonly tidyAt: number | null
  readonly sealed: Uint8Array
}

type Of<T> = { readonly userId: string } & T

export const findPeers = (
  query: Query,
  asked: readonly Of<{ readonly address: Address }>[],
): Promise<readonly StoredPeer[]> =>
  query<StoredPeer>(
    {
      name: 'find-peers',
      text: `SELECT k.user_id, k.peer_user, k.peer_device, k.generation, k.state
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS a(user_id, peer_user, peer_device)
        JOIN crypto.peer k USING (user_id, peer_user, peer_device)`,
    },
    [
      uuids(asked.map(({ userId }) => userId)),
      uuids(asked.map(({ address }) => address.userId)),
      bigints(asked.map(({ address }) => address.deviceId)),
    ],
  )

const given = `FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[], $7::bigint[], $8::bytea[])
  AS p(user_id, peer_user, peer_device, before, generation, has_session, tidy_at, state)`

const insertPeers = `
INSERT INTO crypto.peer (user_id, peer_user, peer_device, generation, has_session, tidy_at, state)
SELECT p.user_id, p.peer_user, p.peer_device, p.generation, p.has_session, p.tidy_at, p.state ${given}
WHERE p.before = 0 RETURNING 1`

const updatePeers = {
  name: 'update-peers',
  text: `
UPDATE crypto.peer k SET generation = p.generation, has_session = p.has_session, tidy_at = p.tidy_at, state = p.state ${given}
WHERE k.user_id = p.user_id AND k.peer_user = p.peer_user AND k.peer_device = p.peer_device AND k.generation = p.before
RETURNING 1`,
}

/** Throws where somebody else has changed one of them meanwhile: nothing of it may leave then. */
export const storePeers = async (
  query: Query,
  changes: readonly Of<{ readonly change: PeerChange }>[],
): Promise<void> => {
  if (changes.length === 0) return
  const values = [
    uuids(changes.map(({ userId }) => userId)),
    uuids(changes.map(({ change }) => change.address.userId)),
    bigints(changes.map(({ change }) => change.address.deviceId)),
    bigints(changes.map(({ change }) => change.before)),
    bigints(changes.map(({ change }) => change.generation)),
    changes.map(({ change }) => change.canSend),
    changes.map(({ change }) => change.tidyAt),
    byteas(changes.map(({ change }) => change.sealed)),
  ]
  const isNew = changes.some(({ change }) => change.before === 0)
  const isKnown = changes.some(({ change }) => change.before > 0)
  const inserted = isNew ? await query(insertPeers, values) : []
  const updated = isKnown ? await query(updatePeers, values) : []
  if (inserted.length + updated.length === changes.length) return
  throw new Error('a session was changed by another writer in spite of the lock')
}

/** Whether a request of each to a user waits for its answer. Arrays within sub-selects: one plan then serves all runs. */
export const findWaiting = async (
  query: Query,
  asked: readonly Of<{ readonly toUser: string; readonly now: number }>[],
): Promise<readonly boolean[]> => {
  const rows = await query<{ waits: boolean }>(
    {
      name: 'find-waiting',
      text: `SELECT EXISTS (SELECT FROM crypto.request r
          WHERE r.user_id = a.user_id AND r.to_user = a.to_user AND r.expires_at > a.now) AS waits
        FROM unnest((SELECT $1::uuid[]), (SELECT $2::uuid[]), (SELECT $3::bigint[])) WITH ORDINALITY AS a(user_id, to_user, now, place)
        ORDER BY a.place`,
    },
    [
      uuids(asked.map(({ userId }) => userId)),
      uuids(asked.map(({ toUser }) => toUser)),
      bigints(asked.map(({ now }) => now)),
    ],
  )
  return rows.map(({ waits }) => waits)
}

export const findSealings = async (
  query: Query,
  asked: readonly Of<{ readonly clientMessageId: string; readonly after: number }>[],
): Promise<readonly (Uint8Array | null)[]> => {
  const rows = await query<{ sealed: Buffer | null }>(
    {
      name: 'find-sealings',
      text: `SELECT o.sealed FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS a(user_id, id, after, place)
        LEFT JOIN crypto.outbox o ON o.user_id = a.user_id AND o.client_message_id = a.id AND o.created_at > a.after
        ORDER BY a.place`,
    },
    [
      uuids(asked.map(({ userId }) => userId)),
      uuids(asked.map(({ clientMessageId }) => clientMessageId)),
      bigints(asked.map(({ after }) => after)),
    ],
  )
  return rows.map(({ sealed }) => sealed)
}

export const storeSealings = async (
  query: Query,
  sealings: readonly Of<{
    readonly clientMessageId: string
    readonly sealed: Uint8Array
    readonly createdAt: number
  }>[],
): Promise<void> => {
  if (sealings.length === 0) return
  await query(
    {
      name: 'store-sealings',
      text: `INSERT INTO crypto.outbox (user_id, client_message_id, sealed, created_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bigint[])
        ON CONFLICT (user_id, client_message_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at`,
    },
    [
      uuids(sealings.map(({ userId }) => userId)),
      uuids(sealings.map(({ clientMessageId }) => clientMessageId)),
      byteas(sealings.map(({ sealed }) => sealed)),
      bigints(sealings.map(({ createdAt }) => createdAt)),
    ],
  )
}
