/** What is measured. `gates`: the ratio QSM over contender that is wanted, by contender; a ratio is turned so that higher is better. */
export interface Metric {
  readonly name: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  readonly gates?: Readonly<Record<string, number>>
  /** What QSM itself must reach, in the metric's unit. It stands in the results as a contender named "limit". */
  readonly limit?: number
}

export interface Setting {
  readonly rounds: number
  /** Empty, removed afterwards. */
  readonly folder: string
  /** Tells how far it is, on standard error. */
  readonly say: (text: string) => void
  /** The folder with other systems and their load generator; undefined where it is not there. */
  readonly peers: string | undefined
  /** Whether docs/ gets what is drawn beside the tables. */
  readonly write: boolean
}

export interface Contender {
  readonly name: string
  /**
   * One round. Throws with a plain reason when an answer was wrong, or a message was lost, doubled or out of order: the sample is
   * void then. A metric that this contender does not have is left out.
   */
  readonly measure: (round: number) => Promise<Readonly<Record<string, number>>>
}

export interface Prepared {
  /** The first one is "qsm". */
  readonly contenders: readonly Contender[]
  readonly notRun: readonly { readonly name: string; readonly why: string }[]
  /** Ends every process that was started, also in the middle of a round. */
  readonly stop: () => Promise<void>
}

export interface Bench {
  /** Such as "B7". */
  readonly id: string
  readonly title: string
  /** The workload and what is counted, in one or two sentences. */
  readonly about: string
  readonly metrics: readonly Metric[]
  readonly prepare: (setting: Setting) => Promise<Prepared>
}
