/**
 * What each connection tells PostgreSQL's planner. A statement that is prepared by name keeps its plan, and one that was planned
 * while a table was nearly empty reads the whole of it, until statistics are made anew a minute later: by then it has grown
 * with each send. Every statement here goes to an index, so whole tables are read where there is none, as before. What is kept from
 * them counts as cost, by which the compiler (JIT) would take statements for long ones.
 */
export const plannerSettings = 'SET enable_seqscan = off; SET jit = off'
