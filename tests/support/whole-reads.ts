import type { Database, Statement } from '@qsm/server-kit'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Plans?: readonly PlanNode[]
}

/** A statement with a name, and the parameters with which it was asked. */
export interface Asked {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

/** Takes note of statements, and answers each with no rows. */
export const recordStatements = () => {
  const asked: Asked[] = []
  const query = async (statement: Statement, values: readonly unknown[] = []) => {
    if (typeof statement !== 'string') asked.push({ ...statement, values })
    return []
  }
  return { asked, database: { query } as unknown as Database }
}

/** Where the number of elements stands in the binary form of an array that is not empty. */
const countAt = 12
const lengthOf = (value: unknown): number => {
  if (Array.isArray(value)) return value.length
  return Buffer.isBuffer(value) ? value.readInt32BE(countAt) : 0
}

/** How many elements the longest array has. */
export const longest = ({ values }: Asked): number => Math.max(...values.map(lengthOf))

const scans = /^(Seq|Index|Index Only|Bitmap Index) Scan$/
const wholeOf = (node: PlanNode): readonly string[] => {
  const isWhole = scans.test(node['Node Type']) && node['Index Cond'] === undefined
  const own = isWhole ? [`${node['Node Type']} on ${node['Relation Name'] ?? node['Index Name']}`] : []
  return [...own, ...(node.Plans ?? []).flatMap(wholeOf)]
}

/** What reads a table or an index from end to end: in the plan for these parameters, and in the one that is kept for all. */
export const wholeReads = async (database: Database, { text, values }: Asked) => {
  const planBy = async (options: string, given: readonly unknown[]) => {
    const explain = `EXPLAIN (${options}FORMAT JSON) ${text}`
    const [row] = await database.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(explain, given)
    if (!row) throw new Error('there is a plan')
    return wholeOf(row['QUERY PLAN'][0].Plan)
  }
  return { ofThese: await planBy('', values), kept: await planBy('GENERIC_PLAN, ', []) }
}
