/** Units as Grafana names them; `/s` in a title is `ops`. */
export type Unit = 'short' | 'percentunit' | 's' | 'ops' | 'bytes' | 'none' | 'dateTimeFromNow'

export interface Target {
  readonly expr: string
  /** Name of each line, with labels in double braces. */
  readonly legend: string
}

export interface Panel {
  readonly kind: 'stat' | 'timeseries'
  readonly title: string
  /** What it shows, and when to worry. */
  readonly description: string
  readonly unit: Unit
  readonly targets: readonly Target[]
  /** From which value on it is orange, then red; with `isLowBad` below which it is red. Left out: never. */
  readonly warnAt?: number
  readonly alarmAt?: number
  readonly redBelow?: number
  readonly max?: number
  /** Values that are words, such as 1 for "up". */
  readonly words?: Readonly<Record<string, string>>
  readonly isStacked?: boolean
  /** Of 24 columns; 8 where left out, 4 for a stat. */
  readonly width?: number
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly rows: readonly Row[]
}

/** The series that the variables of a dashboard choose; `more` are further matchers. */
export const chosen = (metric: string, more = ''): string =>
  `${metric}{namespace=~"$namespace", job=~"$job", pod=~"$pod"${more && `, ${more}`}}`

/** How fast a counter grows each second. */
export const rateOf = (counter: string, more = ''): string => `rate(${chosen(counter, more)}[$__rate_interval])`

/** A quantile of a histogram, for each value of the labels `by`. */
export const quantileOf = (quantile: number, histogram: string, by: readonly string[] = [], more = ''): string =>
  `histogram_quantile(${quantile}, sum by (${[...by, 'le'].join(', ')}) (${rateOf(`${histogram}_bucket`, more)}))`

/** The histogram of how long requests took, of every service. */
export const requests = 'qsm_http_request_duration_seconds'

/** The words of a gauge that says whether something is reached. */
export const answers = { 0: 'away', 1: 'ok' }

type Options = Omit<Panel, 'kind' | 'title' | 'description' | 'unit' | 'targets'>
type Make = (
  title: string,
  unit: Unit,
  description: string,
  targets: readonly (readonly [expr: string, legend: string])[],
  options?: Options,
) => Panel

const make =
  (kind: Panel['kind']): Make =>
  (title, unit, description, targets, options) => ({
    kind,
    title,
    unit,
    description,
    targets: targets.map(([expr, legend]) => ({ expr, legend })),
    ...options,
  })

/** Lines over time, and one number as it is now. */
export const lines = make('timeseries')
export const now = make('stat')

/** How full each message pod is of sockets. */
export const socketsOfMax = lines(
  'Sockets of MAX_SOCKETS',
  'percentunit',
  'Over 85 % there is no room for those of a pod that is lost.',
  [[`${chosen('qsm_ws_connections')} / ${chosen('qsm_ws_connections_max')}`, '{{pod}}']],
  { warnAt: 0.7, alarmAt: 0.85, max: 1 },
)
