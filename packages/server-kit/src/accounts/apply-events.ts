import type { AccountEvent } from '@qsm/contract'
import type { Query } from '../database/connection.js'
import { revokedBy } from './revocations.js'

/** What events of the feed, in their order, change in the schema of a service: a few statements, however many they are. */
export type ProjectEvents = (query: Query, events: readonly AccountEvent[]) => Promise<void>

const remember = async (query: Query, schema: string, events: readonly AccountEvent[]): Promise<void> => {
  const rows = events.flatMap(event => {
    const revoked = revokedBy(event)
    return revoked ? [{ ...revoked, id: event.id, at: event.at }] : []
  })
  if (rows.length === 0) return
  await query(
    `INSERT INTO ${schema}.revocation (event_id, user_id, session_id, at)
     SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::timestamptz[]) ON CONFLICT DO NOTHING`,
    [rows.map(row => row.id), rows.map(row => row.userId), rows.map(row => row.sessionId), rows.map(row => row.at)],
  )
}

/**
 * Applies events within the caller's transaction: each once over all pods, since the position moves with them. The schema
 * has the tables `feed_position` (one row, whose lock lets one pod apply at a time) and `revocation`.
 */
export const applyEvents = async (
  query: Query,
  events: readonly AccountEvent[],
  { schema, project }: { readonly schema: string; readonly project: ProjectEvents },
): Promise<void> => {
  const [row] = await query<{ position: string }>(`SELECT position FROM ${schema}.feed_position FOR UPDATE`)
  const position = Number(row?.position ?? 0)
  const fresh = events.filter(event => event.id > position)
  const last = fresh.at(-1)
  if (!last) return
  await project(query, fresh)
  await remember(query, schema, fresh)
  await query(`UPDATE ${schema}.feed_position SET position = $1`, [last.id])
}
