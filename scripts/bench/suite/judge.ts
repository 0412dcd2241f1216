import type { Bench, Metric, Prepared } from './bench.js'
import { median, spreadOf } from './spread.js'
import type { Sample, Samples } from './take-rounds.js'

/** One line of the results. `ratio` is QSM over the contender by rounds, turned so that higher is better; `low` to `high` its spread. */
export interface Line {
  readonly bench: string
  readonly metric: string
  readonly unit: string
  readonly contender: string
  /** Null, as all that follows: the contender was not run, or each of its samples is void. */
  readonly median: number | null
  readonly ratio: number | null
  readonly low: number | null
  readonly high: number | null
  readonly gate: number | null
  readonly met: boolean | null
}

export const qsm = 'qsm'
export const limit = 'limit'

const measured = (sample: Sample | undefined, metric: string): number => {
  const value = sample && 'values' in sample ? sample.values[metric] : undefined
  return value ?? Number.NaN
}

const judgeMetric = (id: string, metric: Metric, prepared: Prepared, samples: Samples): Line[] => {
  const { name, unit, better, gates = {} } = metric
  const valuesOf = (contender: string) => (samples.get(contender) ?? []).map(sample => measured(sample, name))
  const own = valuesOf(qsm)
  const lineOf = (contender: string, theirs: readonly number[], gate: number | null): Line => {
    const middle = median(theirs.filter(Number.isFinite))
    const ratios = own.map((value, round) =>
      better === 'higher' ? value / (theirs[round] as number) : (theirs[round] as number) / value,
    )
    const spread = spreadOf(ratios.filter(Number.isFinite))
    return {
      bench: id,
      metric: name,
      unit,
      contender,
      median: Number.isFinite(middle) ? middle : null,
      ratio: spread?.median ?? null,
      low: spread?.low ?? null,
      high: spread?.high ?? null,
      gate,
      met: gate === null || !spread ? null : spread.median >= gate,
    }
  }
  const others = [
    ...prepared.contenders.map(contender => contender.name),
    ...prepared.notRun.map(missing => missing.name),
  ]
  return [
    lineOf(qsm, own, null),
    ...(metric.limit === undefined
      ? []
      : [
          lineOf(
            limit,
            own.map(() => metric.limit as number),
            1,
          ),
        ]),
    ...others.filter(other => other !== qsm).map(other => lineOf(other, valuesOf(other), gates[other] ?? null)),
  ].filter(line => line.median !== null || line.gate !== null || line.contender === qsm || isMissing(prepared, line))
}

const isMissing = ({ notRun }: Prepared, { contender }: Line): boolean => notRun.some(({ name }) => name === contender)

/** All lines of a bench. A contender without a metric has no line for it, one that was not run has lines without figures. */
export const judge = (bench: Bench, prepared: Prepared, samples: Samples): readonly Line[] =>
  bench.metrics.flatMap(metric => judgeMetric(bench.id, metric, prepared, samples))
