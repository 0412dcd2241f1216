/** The middle of the values; of an even number the mean of the two in the middle. NaN of none. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[half] as number)
    : ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2
}

export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * The median with the range it lies in by 95 %: the narrowest pair of order statistics that covers it that surely, for whatever
 * distribution (Conover, Practical Nonparametric Statistics, section 3.2). Fewer than six values have no such pair: all of them then.
 */
export const spreadOf = (values: readonly number[]): Spread | null => {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const count = sorted.length
  // The chance that the median lies below the value of this rank: the lower tail of a binomial with p = 1/2.
  let [rank, tail, term] = [0, 0, 0.5 ** count]
  for (let k = 0; tail + term <= 0.025; k += 1) {
    tail += term
    term *= (count - k) / (k + 1)
    rank = k
  }
  return { median: median(sorted), low: sorted[rank] as number, high: sorted[count - 1 - rank] as number }
}
