import * as z from 'zod'
import { count, time, uuid } from '../fields.js'
import { defineOperation } from './operation.js'

/** How the managed device stands to a user. */
export const sessionStatus = defineOperation('session_status', {
  input: { peer_user_id: uuid },
  output: z.object({
    active: z.boolean(),
    /** 32 hex digits, of the session in use; null where there is none. */
    session_id: z.string().nullable(),
    established_at: time.nullable(),
  }),
})

/** Users with whom there is a session. */
export const listSessionPeers = defineOperation('list_session_peers', {
  input: {},
  output: z.object({ peer_user_ids: z.array(uuid) }),
})

/** Destroys the keys of all sessions with a user, here and on a managed device of that user. */
export const endSessions = defineOperation('end_sessions', {
  input: { peer_user_id: uuid },
  output: z.object({ ended: count }),
})
