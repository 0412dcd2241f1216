import { usernameKey } from '@qsm/contract'
import { type Caller, QsmError } from '@qsm/server-kit'

/** Throws `forbidden` unless `given` is the caller's own name, in any case, or id. What follows works on the caller's id. */
export const requireOwnUser = (caller: Caller, given: string): void => {
  const name = usernameKey(given)
  if (name === usernameKey(caller.username) || name === caller.userId) return
  const text = 'user_id: must be your own name or id; the keys of others are not yours to use.'
  throw new QsmError('forbidden', text, { details: { field: 'user_id' } })
}
