import type { AlertGroup } from '../alert.js'
import { ofAll, ofService, type Service } from '../select.js'

const requests = 'qsm_http_request_duration_seconds'
/** A share of a handful of requests says nothing. */
const isUsed = `sum by (namespace, job) (rate(${requests}_count${ofAll()}[5m])) > 0.2`
const schemas: readonly (readonly [string, Service])[] = [
  ['auth', 'auth'],
  ['message', 'message'],
  ['crypto', 'quantum-crypto'],
]
const poolWaits = schemas.map(
  ([schema, service]) => `avg_over_time(qsm_${schema}_database_pool_waiting${ofService(service)}[5m]) > 5`,
)

export const requestsGroup: AlertGroup = {
  name: 'qsm.requests',
  alerts: [
    {
      name: 'QsmRequestsFail',
      severity: 'critical',
      for: '5m',
      expr: `sum by (namespace, job) (rate(${requests}_count${ofAll('status=~"5.."')}[5m]))
  / sum by (namespace, job) (rate(${requests}_count${ofAll()}[5m])) > 0.02
and ${isUsed}`,
      summary: '{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} fail.',
      description:
        'Clients repeat what fails, and a message is stored once; people wait. 503 means that something it needs is away, 500 a fault of QSM.',
    },
    {
      name: 'QsmRequestsSlow',
      severity: 'warning',
      for: '10m',
      expr: `histogram_quantile(0.99, sum by (namespace, job, le) (rate(${requests}_bucket${ofAll()}[5m]))) > 1
and ${isUsed}`,
      summary: 'One of a hundred requests to {{ $labels.job }} takes longer than {{ $value | humanizeDuration }}.',
      description:
        'People see sending hang. Mostly it is the database, too few connections to it, or a pod without CPU.',
    },
    {
      name: 'QsmEventLoopBlocked',
      severity: 'warning',
      for: '5m',
      expr: `nodejs_eventloop_lag_p99_seconds${ofAll()} > 0.2`,
      summary: 'The event loop of {{ $labels.pod }} comes {{ $value | humanizeDuration }} late.',
      description: 'All that this pod does waits so long. It has too little CPU, or too much to do.',
    },
    {
      name: 'QsmDatabasePoolWaits',
      severity: 'warning',
      for: '5m',
      expr: poolWaits.join('\nor '),
      summary: '{{ $value | humanize }} statements of {{ $labels.pod }} wait for a connection to PostgreSQL.',
      description:
        'Requests wait behind one another, and from 1000 waiting on they are refused with 503. PostgreSQL is slow, or DATABASE_POOL_MAX too low.',
    },
    {
      name: 'QsmPartitionsEnd',
      severity: 'warning',
      for: '10m',
      // 0 is a pod whose job has not looked yet.
      expr: `max by (namespace, job) (qsm_message_entry_partitions_until_seconds${ofService('message')} > 0) - time() < 86400`,
      summary: 'Mailbox entries have partitions for another {{ $value | humanizeDuration }} only.',
      description:
        'No message is lost: what has no partition goes into a default one, from which old rows are deleted one by one. The job that makes partitions fails.',
    },
  ],
}
