import { readFileSync } from 'node:fs'

const manual = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8')

/** Metrics that QSM declares, by the manual that tests/e2e/replicas holds against what pods answer. */
const own = new Map(
  [...manual.matchAll(/^\| `(qsm_\w+)` \| (\w+) \|/gm)].flatMap(([, name = '', kind = '']) =>
    name.includes('SCHEMA')
      ? ['auth', 'message', 'crypto'].map(schema => [name.replace('SCHEMA', schema), kind] as const)
      : [[name, kind] as const],
  ),
)

/** Of Node and the process; those of a histogram by its own name. Tests hold them against what pods answer. */
export const nodeMetrics: ReadonlyMap<string, string> = new Map([
  ['nodejs_eventloop_lag_p50_seconds', 'gauge'],
  ['nodejs_eventloop_lag_p99_seconds', 'gauge'],
  ['nodejs_gc_duration_seconds', 'histogram'],
  ['nodejs_heap_size_used_bytes', 'gauge'],
  ['process_cpu_seconds_total', 'counter'],
  ['process_max_fds', 'gauge'],
  ['process_open_fds', 'gauge'],
  ['process_resident_memory_bytes', 'gauge'],
  ['process_start_time_seconds', 'gauge'],
])

/** Of Prometheus itself, and of kube-state-metrics, which most clusters have. */
const ofOthers = new Set(['ALERTS', 'up', 'kube_job_failed', 'kube_pod_status_ready'])

/** Whether a series of this name comes from a pod, from Prometheus or from kube-state-metrics. */
export const isKnownMetric = (series: string): boolean => {
  if (ofOthers.has(series)) return true
  const kind = own.get(series) ?? nodeMetrics.get(series)
  if (kind) return kind !== 'histogram'
  const histogram = series.replace(/_(?:bucket|count|sum)$/, '')
  return histogram !== series && (own.get(histogram) ?? nodeMetrics.get(histogram)) === 'histogram'
}

/** The names of all metrics that QSM declares. */
export const ownMetrics: readonly string[] = [...own.keys()]
