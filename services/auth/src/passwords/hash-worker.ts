import { hashSync, verifySync } from '@node-rs/argon2'

/** What a thread is asked for. */
export type HashTask =
  | { readonly kind: 'hash'; readonly password: string }
  | { readonly kind: 'verify'; readonly hash: string; readonly password: string }

/** RFC 9106 and the OWASP minimum: argon2id (the library's number 2), 19 MiB, two passes, one lane. */
const argon2id = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/**
 * Called by the pool, by its name: the encoded hash, or whether the password fits. Throws for a hash that is none.
 * @public
 */
export const runHashTask = (task: HashTask): string | boolean =>
  task.kind === 'hash' ? hashSync(task.password, argon2id) : verifySync(task.hash, task.password)
