import type { Job } from '@qsm/server-kit'

interface WalkRow {
  readonly removed: number
  /** Key of the last row of this part. */
  readonly last: readonly string[]
  /** Whether rows may follow. */
  readonly more: boolean
}

/**
 * A job that goes through a table by its key, part by part, and deletes what is over. `statement` looks at the rows behind a
 * key ($2 and on), deletes at most `batch` of what is older than $1, milliseconds since 1970, and answers one `WalkRow`.
 */
export const createWalk = (options: {
  readonly name: string
  readonly everyMs: number
  readonly batch: number
  readonly keepMs: number
  /** A key before all others. */
  readonly start: readonly string[]
  readonly statement: string
}): Job => {
  let behind = options.start
  return {
    name: options.name,
    everyMs: options.everyMs,
    async run(query, now) {
      const [row] = await query<WalkRow>(options.statement, [now - options.keepMs, ...behind])
      // A full batch may have left something in the same part.
      if (row?.removed === options.batch) return true
      behind = row?.more ? row.last : options.start
      return row?.more === true
    },
  }
}
