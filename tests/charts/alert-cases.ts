import { grows, healthySeries, of, type Series, stays } from './healthy-series.js'

export interface AlertCase {
  readonly what: string
  /** The alerts that fire in it; no other may. */
  readonly alerts: readonly string[]
  /** What differs from a healthy release. */
  readonly series: Series
  /** Series that are not there. */
  readonly without?: RegExp
}

const message = (metric: string, more = '') => of(metric, 'message', 'qsm-message-1', more)
const auth = (metric: string, more = '') => of(metric, 'auth', 'qsm-auth-1', more)
const quantum = (metric: string, more = '') => of(metric, 'quantum-crypto', 'qsm-quantum-crypto-1', more)

/** The backlog of a release whose pods poll, with bucket bounds as Prometheus 2 or 3 writes them. */
const polled = (one: string, ten: string): Series => ({
  [message('qsm_message_backlog_age_seconds_bucket', `le="${one}"`)]: grows(20),
  [message('qsm_message_backlog_age_seconds_bucket', `le="${ten}"`)]: grows(200),
})

const atRest = 'qsm_crypto_at_rest_failures_total'

export const alertCases: readonly AlertCase[] = [
  {
    what: 'the only pod of auth does not answer',
    alerts: ['QsmPodDown', 'QsmServiceDown'],
    series: { [auth('up')]: stays(0) },
  },
  { what: 'Prometheus knows no pod of auth', alerts: ['QsmServiceDown'], series: {}, without: /^up\{.*qsm-auth"/ },
  { what: 'one of two message pods does not answer', alerts: ['QsmPodDown'], series: { [message('up')]: stays(0) } },
  {
    what: 'a pod is not ready',
    alerts: ['QsmPodNotReady'],
    series: { 'kube_pod_status_ready{namespace="talk",pod="qsm-message-1",condition="true"}': stays(0) },
  },
  {
    what: 'a pod starts every three minutes',
    alerts: ['QsmPodRestarts'],
    series: { [message('process_start_time_seconds')]: '1x5 2x5 3x5 4x5 5x5 6x5 7x5 8x5 9x5 10x5 11x50' },
  },
  {
    what: 'the migration job failed',
    alerts: ['QsmMigrationFailed'],
    series: { 'kube_job_failed{namespace="talk",job_name="qsm-migrate-1",condition="true"}': stays(1) },
  },
  {
    what: 'no pod has made a partition for days',
    alerts: ['QsmPartitionsEnd'],
    series: {
      [message('qsm_message_entry_partitions_until_seconds')]: stays(80_000),
      [of('qsm_message_entry_partitions_until_seconds', 'message', 'qsm-message-2')]: stays(70_000),
    },
  },
  {
    what: 'a twentieth of the requests to auth fails',
    alerts: ['QsmRequestsFail'],
    series: { [auth('qsm_http_request_duration_seconds_count', 'status="503"')]: grows(16) },
  },
  {
    what: 'a twentieth of the requests takes longer than a second',
    alerts: ['QsmRequestsSlow'],
    series: {
      [auth('qsm_http_request_duration_seconds_bucket', 'le="1"')]: grows(303),
      [auth('qsm_http_request_duration_seconds_bucket', 'le="2.5"')]: grows(320),
      [auth('qsm_http_request_duration_seconds_bucket', 'le="+Inf"')]: grows(320),
    },
  },
  {
    what: 'an event loop is late',
    alerts: ['QsmEventLoopBlocked'],
    series: { [quantum('nodejs_eventloop_lag_p99_seconds')]: stays(0.3) },
  },
  ...[
    auth('qsm_auth_database_pool_waiting'),
    message('qsm_message_database_pool_waiting'),
    quantum('qsm_crypto_database_pool_waiting'),
  ].map(series => ({
    what: `requests wait for a connection (${series.split('{')[0]})`,
    alerts: ['QsmDatabasePoolWaits'],
    series: { [series]: stays(9) },
  })),
  {
    what: 'a pod is nearly full of sockets',
    alerts: ['QsmSocketsNearLimit'],
    series: { [message('qsm_ws_connections')]: stays(17_500) },
  },
  {
    what: 'a pod refuses sockets',
    alerts: ['QsmUpgradesRefused'],
    series: { [message('qsm_ws_refused_total', 'code="rate_limited"')]: grows(30) },
  },
  {
    what: 'a pod counts limits alone',
    alerts: ['QsmLimitsNotShared'],
    series: { [auth('qsm_limits_shared')]: stays(0) },
  },
  { what: 'a pod is cut off from Redis', alerts: ['QsmBusDown'], series: { [message('qsm_bus_up')]: stays(0) } },
  {
    what: 'Redis does not take hints',
    alerts: ['QsmHintsLost'],
    series: { [message('qsm_bus_hints_dropped_total')]: grows(3) },
  },
  {
    what: 'Redis takes no hints because it is away',
    alerts: ['QsmBusDown'],
    series: { [message('qsm_bus_hints_dropped_total')]: grows(3), [message('qsm_bus_up')]: stays(0) },
  },
  {
    what: 'something else than hints comes over Redis',
    alerts: ['QsmHintsRefused'],
    series: { [message('qsm_bus_hints_refused_total')]: '7+0x60 8+0x40' },
  },
  { what: 'messages are found by polling', alerts: ['QsmDeliveryLate'], series: polled('1', '10') },
  {
    what: 'messages are found by polling, and Prometheus is version 3',
    alerts: ['QsmDeliveryLate'],
    series: polled('1.0', '10.0'),
    without: /backlog_age_seconds_bucket.*le="10?"/,
  },
  {
    what: 'sockets of ended sessions stay for seconds',
    alerts: ['QsmRevocationSlow'],
    series: {
      [message('qsm_message_revocation_seconds_bucket', 'le="10"')]: grows(3),
      [message('qsm_message_revocation_seconds_bucket', 'le="+Inf"')]: grows(3),
    },
  },
  {
    what: 'many envelopes have no good signature',
    alerts: ['QsmEnvelopesRefused'],
    series: { [message('qsm_message_envelopes_refused_total', 'cause="signature"')]: grows(60) },
  },
  {
    what: 'a pod is told nothing by the quantum service',
    alerts: ['QsmQuantumServiceAway'],
    series: { [auth('qsm_quantum_service_up')]: stays(0) },
  },
  {
    what: 'a message pod has given up on the quantum service',
    alerts: ['QsmQuantumServiceAway'],
    series: { [message('qsm_message_quantum_service_away')]: stays(1) },
  },
  {
    what: 'signatures wait',
    alerts: ['QsmSigningQueue'],
    series: { [quantum('qsm_crypto_signing_waiting')]: stays(100) },
  },
  {
    what: 'one more stored key does not open',
    alerts: ['QsmStoredKeysUnreadable'],
    series: { [quantum(atRest, 'reason="open_failed"')]: '3+0x70 4+0x30' },
  },
  {
    what: 'a stored key does not open for a reason that was not seen before',
    alerts: ['QsmStoredKeysUnreadable'],
    series: { [quantum(atRest, 'reason="unknown_kek"')]: '_x70 1+0x30' },
  },
  {
    what: 'many messages to thin clients cannot be opened',
    alerts: ['QsmMessagesQuarantined'],
    series: { [quantum('qsm_managed_quarantined_total', 'reason="unknown_sender"')]: grows(5) },
  },
]

/** All series of a case. */
export const seriesOf = ({ series, without }: Pick<AlertCase, 'series' | 'without'>): Series => {
  const kept = Object.entries(healthySeries).filter(([selector]) => !without?.test(selector))
  return { ...Object.fromEntries(kept), ...series }
}
