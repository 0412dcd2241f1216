/** An alert as it is written down; what Prometheus, the chart and the runbooks need is made from it. */
export interface Alert {
  /** As Prometheus shows it: `Qsm` and what is the matter. */
  readonly name: string
  /** `critical` wakes somebody: people cannot use QSM, or a promise is broken. `warning` waits for working hours. */
  readonly severity: 'critical' | 'warning'
  /** So long it must hold, as Prometheus writes durations. */
  readonly for: string
  /** PromQL with the selectors of `select.ts`. */
  readonly expr: string
  /** One line with the labels that `expr` keeps, as a template of Prometheus. */
  readonly summary: string
  /** What it means to users, and where to look first. */
  readonly description: string
}

export interface AlertGroup {
  readonly name: string
  readonly alerts: readonly Alert[]
}

/** `QsmPodDown` has `docs/runbooks/pod-down.md`. */
export const runbookOf = ({ name }: Pick<Alert, 'name'>): string =>
  `${name
    .replace(/^Qsm/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, '-')
    .toLowerCase()}.md`
