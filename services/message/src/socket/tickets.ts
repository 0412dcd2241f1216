import { createHash, randomBytes } from 'node:crypto'
import { limits } from '@qsm/contract'
import { type Caller, QsmError } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'

const hashOf = (ticket: string): Buffer => createHash('sha256').update(ticket, 'utf8').digest()

/** A ticket for one socket within 30 seconds. Only its hash is stored. */
export const issueTicket = async (
  context: MessageContext,
  caller: Caller,
): Promise<{ ticket: string; expiresAt: Date }> => {
  const ticket = randomBytes(32).toString('base64url')
  const expiresAt = new Date(context.clock.now() + limits.ticketLifeMs)
  await context.database.query('INSERT INTO message.ticket (ticket_sha256, caller, expires_at) VALUES ($1, $2, $3)', [
    hashOf(ticket),
    JSON.stringify(caller),
    expiresAt,
  ])
  return { ticket, expiresAt }
}

/** The caller who got a ticket; it is gone after. Throws `unauthorized`. */
export const redeemTicket = async (context: MessageContext, ticket: string): Promise<Caller> => {
  const [row] = await context.database.query<{ caller: Caller; expires_at: Date }>(
    'DELETE FROM message.ticket WHERE ticket_sha256 = $1 RETURNING caller, expires_at',
    [hashOf(ticket)],
  )
  const now = context.clock.now()
  if (!row || row.expires_at.getTime() <= now || row.caller.expiresAt <= now) {
    throw new QsmError('unauthorized', 'The ticket is unknown, used or over: ask for a new one at POST /api/ws/ticket.')
  }
  return row.caller
}
