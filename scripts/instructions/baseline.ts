import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Instructions by Node and architecture, then by operation. Another Node has other builtins, so its counts are its own. */
type Baselines = Readonly<Record<string, Readonly<Record<string, number>>>>

const file = fileURLToPath(new URL('baseline.json', import.meta.url))
const readAll = (): Baselines => JSON.parse(readFileSync(file, 'utf8')) as Baselines

/** The Node that runs this: `v20.20.2 linux-x64`. */
export const thisNode = `${process.version} ${process.platform}-${process.arch}`

/** The baseline of a Node; null where none was taken. */
export const readBaseline = (node = thisNode): Readonly<Record<string, number>> | null => readAll()[node] ?? null

/** Those that have one. */
export const nodesWithBaseline = (): readonly string[] => Object.keys(readAll())

/** Replaces the baseline of this Node. */
export const writeBaseline = (counts: ReadonlyMap<string, number>): void => {
  const own = Object.fromEntries([...counts].map(([name, count]) => [name, Math.round(count)]))
  writeFileSync(file, `${JSON.stringify({ ...readAll(), [thisNode]: own }, null, 2)}\n`)
}
