/** Values of series by their selector, as promtool writes them: `start+stepxcount`, one each half minute. */
export type Series = Readonly<Record<string, string>>

/** A value that stays, and a counter that grows by so much each half minute, for 50 minutes. */
export const stays = (value: number): string => `${value}+0x100`
export const grows = (by: number): string => `0+${by}x100`

const pods = [
  ['auth', 'qsm-auth-1'],
  ['message', 'qsm-message-1'],
  ['message', 'qsm-message-2'],
  ['quantum-crypto', 'qsm-quantum-crypto-1'],
] as const

/** A series of a pod of the release `qsm` in the namespace `talk`. */
export const of = (metric: string, service: string, pod: string, more = ''): string =>
  `${metric}{namespace="talk",job="qsm-${service}",pod="${pod}"${more && `,${more}`}}`

const requests = (service: string, pod: string): Series => ({
  [of('qsm_http_request_duration_seconds_count', service, pod, 'status="200"')]: grows(300),
  [of('qsm_http_request_duration_seconds_count', service, pod, 'status="503"')]: grows(3),
  [of('qsm_http_request_duration_seconds_bucket', service, pod, 'le="0.5"')]: grows(300),
  [of('qsm_http_request_duration_seconds_bucket', service, pod, 'le="1"')]: grows(303),
  [of('qsm_http_request_duration_seconds_bucket', service, pod, 'le="+Inf"')]: grows(303),
})

const everyPod = (service: string, pod: string): Series => ({
  ...requests(service, pod),
  [of('up', service, pod)]: stays(1),
  [of('process_start_time_seconds', service, pod)]: stays(1_700_000_000),
  [of('nodejs_eventloop_lag_p99_seconds', service, pod)]: stays(0.15),
  [of('qsm_limits_shared', service, pod)]: stays(1),
  [of('qsm_bus_up', service, pod)]: stays(1),
  [of('qsm_bus_hints_dropped_total', service, pod)]: stays(40),
  [of('qsm_bus_hints_refused_total', service, pod)]: stays(7),
  [`kube_pod_status_ready{namespace="talk",pod="${pod}",condition="true"}`]: stays(1),
  [of(`qsm_${service === 'quantum-crypto' ? 'crypto' : service}_database_pool_waiting`, service, pod)]: stays(4),
})

const messagePod = (pod: string): Series => ({
  [of('qsm_ws_connections', 'message', pod)]: stays(16_000),
  [of('qsm_ws_connections_max', 'message', pod)]: stays(20_000),
  [of('qsm_ws_refused_total', 'message', pod, 'code="unavailable"')]: grows(5),
  [of('qsm_ws_refused_total', 'message', pod, 'code="unauthenticated"')]: grows(500),
  [of('qsm_message_sends_total', 'message', pod)]: grows(300),
  // One of two has not looked since it started, or not for long.
  [of('qsm_message_entry_partitions_until_seconds', 'message', pod)]: stays(pod === 'qsm-message-1' ? 300_000 : 0),
  [of('qsm_message_envelopes_refused_total', 'message', pod, 'cause="signature"')]: grows(1),
  [of('qsm_message_deliveries_total', 'message', pod)]: grows(600),
  [of('qsm_message_backlog_age_seconds_bucket', 'message', pod, 'le="1"')]: grows(3),
  [of('qsm_message_backlog_age_seconds_bucket', 'message', pod, 'le="10"')]: grows(12),
  [of('qsm_message_backlog_age_seconds_bucket', 'message', pod, 'le="+Inf"')]: grows(300),
  [of('qsm_message_revocation_seconds_bucket', 'message', pod, 'le="1"')]: grows(1),
  [of('qsm_message_revocation_seconds_bucket', 'message', pod, 'le="2"')]: grows(1),
  [of('qsm_message_revocation_seconds_bucket', 'message', pod, 'le="10"')]: grows(1),
  [of('qsm_message_revocation_seconds_bucket', 'message', pod, 'le="+Inf"')]: grows(1),
  [of('qsm_quantum_service_up', 'message', pod)]: stays(1),
  [of('qsm_message_quantum_service_away', 'message', pod)]: stays(0),
})

/** What must not be mistaken for this release: another one beside it, and one of the same name elsewhere. */
const strangers: Series = {
  'up{namespace="other",job="qsm-message",pod="qsm-message-1"}': stays(0),
  'up{namespace="talk",job="qsm-two-message",pod="qsm-two-message-1"}': stays(0),
  'qsm_bus_up{namespace="other",job="qsm-message",pod="qsm-message-1"}': stays(0),
  'kube_pod_status_ready{namespace="talk",pod="qsm-migrate-1-abcde",condition="true"}': stays(0),
  'kube_job_failed{namespace="other",job_name="qsm-migrate-1",condition="true"}': stays(1),
}

/** A busy release near its limits, in which nothing is the matter. */
export const healthySeries: Series = {
  ...Object.assign({}, ...pods.map(([service, pod]) => everyPod(service, pod))),
  ...messagePod('qsm-message-1'),
  ...messagePod('qsm-message-2'),
  [of('qsm_quantum_service_up', 'auth', 'qsm-auth-1')]: stays(1),
  [of('qsm_crypto_signing_waiting', 'quantum-crypto', 'qsm-quantum-crypto-1')]: stays(50),
  [of('qsm_crypto_at_rest_failures_total', 'quantum-crypto', 'qsm-quantum-crypto-1', 'reason="open_failed"')]: stays(3),
  [of('qsm_managed_quarantined_total', 'quantum-crypto', 'qsm-quantum-crypto-1', 'reason="repeat"')]: grows(1),
  'kube_job_failed{namespace="talk",job_name="qsm-migrate-1",condition="true"}': stays(0),
  ...strangers,
}
