import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

interface Declaration {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

export type CounterMetric = Counter<string>
export type GaugeMetric = Gauge<string>
export type HistogramMetric = Histogram<string>

/** The metrics of one process. Labels are route patterns and codes, never ids. */
export interface Metrics {
  counter(declaration: Declaration): CounterMetric
  /** `collect` is called when the value is read. */
  gauge(declaration: Declaration & { readonly collect?: () => number }): GaugeMetric
  histogram(declaration: Declaration & { readonly buckets: readonly number[] }): HistogramMetric
  /** The Prometheus text form and its content type. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>
}

export const createMetrics = (): Metrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const common = ({ name, help, labelNames = [] }: Declaration) => ({ name, help, labelNames, registers: [registry] })
  // Two apps of one process share what both declare.
  const known = <M>({ name }: Declaration) => registry.getSingleMetric(name) as M | undefined
  return {
    counter: declaration => known<CounterMetric>(declaration) ?? new Counter(common(declaration)),
    gauge: declaration => {
      const { collect } = declaration
      if (!collect) return new Gauge(common(declaration))
      return new Gauge({
        ...common(declaration),
        collect() {
          this.set(collect())
        },
      })
    },
    histogram: declaration =>
      known<HistogramMetric>(declaration) ??
      new Histogram({ ...common(declaration), buckets: [...declaration.buckets] }),
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
