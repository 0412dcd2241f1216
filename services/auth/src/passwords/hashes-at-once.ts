/**
 * How many passwords are hashed at once: of `asked` as many as leave one of the `cores` to the event loop and to PostgreSQL,
 * at least one. On a single core one at a time came to a tenth more logins than two; on two cores to a tenth fewer, while
 * what woke up waited behind a hash for more than 1 ms less often.
 */
export const hashesAtOnce = (asked: number, cores: number): number => Math.max(1, Math.min(asked, cores - 1))
