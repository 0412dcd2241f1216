/**
 * What each connection tells PostgreSQL's planner. A statement that is prepared by name keeps its plan, and one that was planned
 * while a table was nearly empty reads the whole of it, until statistics are made anew a minute later: by then it has grown
 * with each send. Every statement here goes to an index, so whole tables are read where there is none, as before. What is kept from
 * them counts as cost, by which the compiler (JIT) would take statements for long ones.
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
