/** How far a count may be from its baseline, either way. */
const tolerance = 0.02

export interface Judged {
  readonly name: string
  readonly baseline: number | null
  readonly now: number
  /** Null where there is no baseline. */
  readonly change: number | null
  readonly passed: boolean
  readonly verdict: string
}

const verdictOf = (change: number | null): string => {
  if (change === null) return 'no baseline: npm run instructions -- --update'
  if (change > tolerance) return 'SLOWER: mend it, or say in the commit why, and update the baseline'
  if (change < -tolerance) return 'FASTER: update the baseline, so that it stays so'
  return 'ok'
}

/** Holds the instructions of each operation against those of the baseline. */
export const judge = (
  counts: ReadonlyMap<string, number>,
  baselines: Readonly<Record<string, number>>,
): readonly Judged[] =>
  [...counts].map(([name, now]) => {
    const baseline = baselines[name] ?? null
    const change = baseline === null ? null : now / baseline - 1
    const passed = change !== null && Math.abs(change) <= tolerance
    return { name, baseline, now, change, passed, verdict: verdictOf(change) }
  })
