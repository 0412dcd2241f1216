/** What k6 hands to `handleSummary`, as far as it is shown. */
export interface Summary {
  readonly metrics: Readonly<Record<string, Metric>>
  readonly state: { readonly testRunDurationMs: number }
}

interface Metric {
  readonly type: string
  readonly contains: string
  readonly values: Readonly<Record<string, number>>
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>
}

export interface ShownThreshold {
  readonly metric: string
  readonly limit: string
  readonly ok: boolean
}

export interface ShownMetric {
  readonly name: string
  readonly values: Readonly<Record<string, number>>
}

export interface Shown {
  readonly scenario: string
  readonly target: string
  readonly endedAt: string
  readonly seconds: number
  readonly passed: boolean
  readonly thresholds: readonly ShownThreshold[]
  readonly metrics: readonly ShownMetric[]
}

/** The result of a run; nothing of what the virtual users know is in it. */
export const shownOf = (scenario: string, target: string, { metrics, state }: Summary): Shown => {
  const names = Object.keys(metrics).sort()
  const thresholds = names.flatMap(metric =>
    Object.entries(metrics[metric]?.thresholds ?? {}).map(([limit, { ok }]) => ({ metric, limit, ok })),
  )
  return {
    scenario,
    target,
    endedAt: new Date().toISOString(),
    seconds: Math.round(state.testRunDurationMs / 100) / 10,
    passed: thresholds.every(({ ok }) => ok),
    thresholds,
    metrics: names.map(name => ({ name, values: metrics[name]?.values ?? {} })),
  }
}

const valueOrder = ['value', 'rate', 'count', 'passes', 'fails', 'min', 'avg', 'med', 'p(95)', 'p(99)', 'max']
const placeOf = ([name]: readonly [string, number]): number => valueOrder.indexOf(name)

/** Parts of a request that tell little; they are in the JSON alone. */
const isDetail = ({ name }: ShownMetric): boolean =>
  /^http_req_(blocked|connecting|receiving|sending|tls_handshaking|waiting)$|^vus|expected_response/.test(name)

/** What people are shown. */
export const mainMetrics = ({ metrics }: Shown): readonly ShownMetric[] => metrics.filter(metric => !isDetail(metric))

const rounded = (value: number): string => String(Math.round(value * 100) / 100)

export const valuesText = ({ values }: ShownMetric): string =>
  Object.entries(values)
    .sort((one, other) => placeOf(one) - placeOf(other))
    .map(([name, value]) => `${name} ${rounded(value)}`)
    .join('  ')

/** For a terminal. */
export const textOf = (shown: Shown): string =>
  [
    '',
    `${shown.scenario}: ${shown.passed ? 'all thresholds held' : 'A THRESHOLD WAS CROSSED'}, ${shown.seconds} s, ${shown.target}`,
    ...shown.thresholds.map(({ metric, limit, ok }) => `  ${ok ? 'ok     ' : 'CROSSED'}  ${metric}  ${limit}`),
    ...mainMetrics(shown).map(metric => `  ${metric.name.padEnd(32)} ${valuesText(metric)}`),
    '',
  ].join('\n')
