/**
 * How many passwords are hashed at once: of `asked` as many as leave one of the `cores` to the event loop and to PostgreSQL,
 * at least one. That hashes yield by their priority is not enough: where Linux groups processes by session
 * (`sched_autogroup_enabled`), it does not count between a hash and PostgreSQL.
 */
export const hashesAtOnce = (asked: number, cores: number): number => Math.max(1, Math.min(asked, cores - 1))
