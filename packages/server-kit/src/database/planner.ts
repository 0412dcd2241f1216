/**
 * What each connection tells PostgreSQL's planner. A statement that is prepared by name keeps its plan, and one that was planned
 * while a table was nearly empty reads the whole of it, until statistics are made anew a minute later: by then it has grown
 * with each send. With this it goes to an index, where there is one. A whole table that must be read all the same counts as very
 * dear then, for which PostgreSQL would compile the statement (JIT): so that is off as well.
 */
export const plannerSettings = 'SET enable_seqscan = off; SET jit = off'

/** Which of these settings connections lack, as those of a pooler may; null where they have them. */
export const missingPlannerSettings = async (
  query: (text: string) => Promise<readonly { readonly name: string }[]>,
): Promise<string | null> => {
  const rows = await query(
    "SELECT name FROM pg_settings WHERE name IN ('enable_seqscan', 'jit') AND setting = 'on' ORDER BY name",
  )
  if (rows.length === 0) return null
  const names = rows.map(({ name }) => name).join(' and ')
  return `connections of the pooler have ${names} on, so statements may read whole tables: add "${plannerSettings}" to connect_query`
}
