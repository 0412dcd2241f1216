import type { Job } from '@qsm/server-kit'

const batch = 5_000
/** Revocations are kept well beyond the life of a token, for pods that were away. */
const revocationLives = 2

/** Deletes revocations that no living token can meet. */
export const expiryJob = (tokenLifeMs: number): Job => ({
  name: 'expiry',
  everyMs: 600_000,
  async run(query, now) {
    const rows = await query(
      `DELETE FROM crypto.revocation WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM crypto.revocation WHERE at < $1 LIMIT ${batch} FOR UPDATE SKIP LOCKED)) RETURNING 1`,
      [new Date(now - revocationLives * tokenLifeMs)],
    )
    return rows.length === batch
  },
})
