import exec from 'k6/execution'
import type { Options, Scenario } from 'k6/options'
import type { Pair, Shape } from '../prepared.js'

/** One virtual user for each pair, each once; cut off two minutes after `seconds`. */
export const eachPair = (shape: Shape, seconds = shape.seconds): Scenario => ({
  executor: 'per-vu-iterations',
  vus: shape.pairs,
  iterations: 1,
  maxDuration: `${seconds + 120}s`,
})

/** What all scenarios have: their name as a tag, and the percentiles that thresholds ask for. */
export const named = (name: string, options: Options): Options => ({
  tags: { load: name },
  summaryTrendStats: ['count', 'min', 'avg', 'med', 'p(95)', 'p(99)', 'max'],
  userAgent: `qsm-load/${name}`,
  ...options,
})

/** The pair of this virtual user. */
export const ownPair = (pairs: readonly Pair[]): Pair => {
  const pair = pairs[(exec.vu.idInTest - 1) % pairs.length]
  if (!pair) throw new Error('nobody was prepared')
  return pair
}
