import { limits } from '@qsm/contract'
import type { Job } from '@qsm/server-kit'

const batch = 5_000
/** Revocations are kept well beyond the life of a token, for pods that were away. */
const revocationLives = 2

/**
 * Deletes what is over of accounts, prekeys and connections: revocations that no token can meet, prekeys behind their
 * notAfter, requests that nobody answered in time, and answers after 14 days.
 */
export const expiryJob = (tokenLifeMs: number): Job => ({
  name: 'expiry',
  everyMs: 600_000,
  async run(query, now) {
    const remove = async (table: string, where: string, ...values: readonly unknown[]): Promise<number> => {
      const rows = await query(
        `DELETE FROM message.${table} WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM message.${table} WHERE ${where} LIMIT ${batch} FOR UPDATE SKIP LOCKED)) RETURNING 1`,
        values,
      )
      return rows.length
    }
    const answeredBefore = new Date(now - limits.requestLifeMs)
    const removed = [
      await remove('revocation', 'at < $1', new Date(now - revocationLives * tokenLifeMs)),
      await remove('prekey', 'not_after <= $1', now),
      await remove('connection_request', `expires_at <= $1 AND state = 'pending'`, new Date(now)),
      await remove('connection_request', 'expires_at <= $1 AND answered_at <= $2', new Date(now), answeredBefore),
    ]
    return removed.includes(batch)
  },
})
