import { QsmError, type Query } from '@qsm/server-kit'
import type { Accounts, KnownUser } from '../accounts/accounts.js'

const maxNamed = 10

const invalid = (text: string): QsmError =>
  new QsmError('validation_failed', `recipient: ${text}`, { details: { field: 'recipient' } })

/** Users with whom a connection is open, by name; one more than can be named. */
const openPeers = async (query: Query, userId: string): Promise<readonly KnownUser[]> => {
  const rows = await query<{ user_id: string; username: string }>(
    `SELECT a.user_id, a.username FROM message.connection c
     JOIN message.account a ON a.user_id = CASE WHEN c.user_low = $1 THEN c.user_high ELSE c.user_low END
     WHERE (c.user_low = $1 OR c.user_high = $1) AND c.state = 'open' AND a.state = 'active'
       AND NOT c.blocked_by_low AND NOT c.blocked_by_high
     ORDER BY a.username_key LIMIT ${maxNamed + 1}`,
    [userId],
  )
  return rows.map(row => ({ userId: row.user_id, username: row.username }))
}

/** A user by name, other than the caller. Throws `not_found`, and `validation_failed` for the own name. */
export const otherUser = async (
  accounts: Accounts,
  userId: string,
  username: string,
  field: string,
): Promise<KnownUser> => {
  const user = await accounts.byName(username)
  const details = { field }
  if (!user) throw new QsmError('not_found', `${field}: there is no user of this name.`, { details })
  if (user.userId === userId) {
    throw new QsmError('validation_failed', `${field}: this is you. Name another user.`, { details })
  }
  return user
}

/** To whom a thin client writes: the named user, or the one with whom there is an open session where it is the only one. */
export const recipientOf = async (
  query: Query,
  accounts: Accounts,
  userId: string,
  username: string | undefined,
): Promise<KnownUser> => {
  if (username !== undefined) return otherUser(accounts, userId, username, 'recipient')
  const peers = await openPeers(query, userId)
  const [only] = peers
  if (!only) {
    throw invalid('there is no open session yet: POST /api/connection/request first, and wait until it is accepted.')
  }
  if (peers.length === 1) return only
  const names = peers.slice(0, maxNamed).map(peer => peer.username)
  throw invalid(
    `name one of those with whom a session is open: ${names.join(', ')}${peers.length > maxNamed ? ', …' : ''}.`,
  )
}
