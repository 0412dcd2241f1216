import * as z from 'zod'
import { time, uuid } from './fields.js'

/** What one service tells the others about accounts. `session_ended`: the login session `session_id` is over. */
export const accountEventType = z.enum(['created', 'deleted', 'disabled', 'enabled', 'session_ended'])
export type AccountEventType = z.infer<typeof accountEventType>

export const accountEvent = z.object({
  id: z.int().min(1),
  type: accountEventType,
  user_id: uuid,
  username: z.string(),
  session_id: uuid.nullable(),
  at: time,
})
export type AccountEvent = z.infer<typeof accountEvent>

export const accountEventPage = z.object({ events: z.array(accountEvent), next: z.int().min(0), more: z.boolean() })
export type AccountEventPage = z.infer<typeof accountEventPage>

/** Read by position: ids are without gaps and never appear behind one that was read. */
export interface AccountFeed {
  /** Events with an id above `after`, ascending, at most `limit` (1 to 1 000). */
  eventsAfter(after: number, limit: number): Promise<AccountEventPage>
}
