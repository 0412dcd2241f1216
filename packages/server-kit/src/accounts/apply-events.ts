import type { AccountEvent } from '@qsm/contract'
import type { Query } from '../database/connection.js'
import { revokedBy } from './revocations.js'

/** What an event of the feed changes in the schema of a service. */
export type ProjectEvent = (query: Query, event: AccountEvent) => Promise<void>

const remember = async (query: Query, schema: string, event: AccountEvent): Promise<void> => {
  const revoked = revokedBy(event)
  if (!revoked) return
  await query(
    `INSERT INTO ${schema}.revocation (event_id, user_id, session_id, at) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING`,
    [event.id, revoked.userId, revoked.sessionId, event.at],
  )
}

/**
 * Applies events within the caller's transaction: each once over all pods, since the position moves with them. The schema
 * has the tables `feed_position` (one row, whose lock lets one pod apply at a time) and `revocation`.
 */
export const applyEvents = async (
  query: Query,
  events: readonly AccountEvent[],
  { schema, project }: { readonly schema: string; readonly project: ProjectEvent },
): Promise<void> => {
  const [row] = await query<{ position: string }>(`SELECT position FROM ${schema}.feed_position FOR UPDATE`)
  const position = Number(row?.position ?? 0)
  for (const event of events) {
    if (event.id <= position) continue
    await project(query, event)
    await remember(query, schema, event)
  }
  const last = events.at(-1)?.id ?? 0
  if (last > position) await query(`UPDATE ${schema}.feed_position SET position = $1`, [last])
}
