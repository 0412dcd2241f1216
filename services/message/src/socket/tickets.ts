import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { limits } from '@qsm/contract'
import { type Caller, QsmError } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'

const hashOf = (ticket: string): Buffer => createHash('sha256').update(ticket, 'utf8').digest()

const algorithm = 'aes-256-gcm'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** Key and nonce for the one token that is ever sealed under a ticket (HKDF, RFC 5869). */
const sealingKeyOf = (ticket: string): readonly [key: Buffer, nonce: Buffer] => {
  const bytes = Buffer.from(hkdfSync('sha256', ticket, '', 'qsm socket ticket', keyBytes + nonceBytes))
  return [bytes.subarray(0, keyBytes), bytes.subarray(keyBytes)]
}

const sealToken = (ticket: string, token: string): Buffer => {
  const cipher = createCipheriv(algorithm, ...sealingKeyOf(ticket))
  return Buffer.concat([cipher.update(token, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

const openToken = (ticket: string, sealed: Buffer): string => {
  const decipher = createDecipheriv(algorithm, ...sealingKeyOf(ticket))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString('utf8')
}

/** Who opens a socket, with the token that the quantum service judges again for a thin client. */
export interface SocketCaller {
  readonly caller: Caller
  /** Null where a server of an earlier version made the ticket. */
  readonly accessToken: string | null
}

/** A ticket for one socket within 30 seconds. Its hash is stored, and the token sealed under a key that it alone gives. */
export const issueTicket = async (
  context: MessageContext,
  caller: Caller,
  accessToken: string,
): Promise<{ ticket: string; expiresAt: Date }> => {
  const ticket = randomBytes(32).toString('base64url')
  const expiresAt = new Date(context.clock.now() + limits.ticketLifeMs)
  await context.database.query(
    'INSERT INTO message.ticket (ticket_sha256, caller, expires_at, sealed_token) VALUES ($1, $2, $3, $4)',
    [hashOf(ticket), JSON.stringify(caller), expiresAt, sealToken(ticket, accessToken)],
  )
  return { ticket, expiresAt }
}

interface TicketRow {
  readonly caller: Caller
  readonly expires_at: Date
  readonly sealed_token: Buffer | null
}

/** Who got a ticket; it is gone after. Throws `unauthorized`. */
export const redeemTicket = async (context: MessageContext, ticket: string): Promise<SocketCaller> => {
  const [row] = await context.database.query<TicketRow>(
    'DELETE FROM message.ticket WHERE ticket_sha256 = $1 RETURNING caller, expires_at, sealed_token',
    [hashOf(ticket)],
  )
  const now = context.clock.now()
  if (!row || row.expires_at.getTime() <= now || row.caller.expiresAt <= now) {
    throw new QsmError('unauthorized', 'The ticket is unknown, used or over: ask for a new one at POST /api/ws/ticket.')
  }
  return { caller: row.caller, accessToken: row.sealed_token && openToken(ticket, row.sealed_token) }
}
