import type { AlertGroup } from '../alert.js'
import { bucket, ofAll, ofService } from '../select.js'

const backlog = (bound: number): string =>
  `sum by (namespace, job) (rate(qsm_message_backlog_age_seconds_bucket${ofService('message', bucket(bound))}[10m]))`
const refused = `rate(qsm_message_envelopes_refused_total${ofService('message')}[10m])`

export const delivery: AlertGroup = {
  name: 'qsm.delivery',
  alerts: [
    {
      name: 'QsmBusDown',
      severity: 'warning',
      for: '2m',
      expr: `qsm_bus_up${ofAll()} == 0`,
      summary: 'Pod {{ $labels.pod }} does not reach Redis.',
      description:
        'Nothing is lost. Messages of other pods come within 10 s, by polling, and users on other pods look offline.',
    },
    {
      name: 'QsmHintsLost',
      severity: 'warning',
      for: '10m',
      expr: `rate(qsm_bus_hints_dropped_total${ofAll()}[5m]) > 0 and qsm_bus_up${ofAll()} == 1`,
      summary:
        'Redis does not take {{ $value | humanize }} hints a second of {{ $labels.pod }}, though it is connected.',
      description: 'Who waits for them gets the message up to 10 s late. Redis is slow, full or refuses the user.',
    },
    {
      name: 'QsmHintsRefused',
      severity: 'warning',
      for: '0m',
      expr: `increase(qsm_bus_hints_refused_total${ofAll()}[15m]) > 0`,
      summary: 'Pod {{ $labels.pod }} got over Redis what is no hint.',
      description:
        'It gives nobody anything: a hint only makes a pod look. Either pods of two versions meet, or somebody else writes to this Redis.',
    },
    {
      name: 'QsmDeliveryLate',
      severity: 'warning',
      for: '10m',
      expr: `(${backlog(10)}
  - ${backlog(1)})
  / sum by (namespace, job) (rate(qsm_message_deliveries_total${ofService('message')}[10m])) > 0.05`,
      summary: '{{ $value | humanizePercentage }} of the messages come 1 to 10 s late.',
      description: 'Clients are connected, but pods find messages by polling instead of by hints. Look at Redis.',
    },
    {
      name: 'QsmRevocationSlow',
      severity: 'warning',
      for: '1m',
      expr: `histogram_quantile(0.99, sum by (namespace, job, le) (increase(qsm_message_revocation_seconds_bucket${ofService('message')}[15m]))) > 2`,
      summary: 'Ended sessions keep their sockets for {{ $value | humanizeDuration }}.',
      description:
        'Whoever was logged out or locked out goes on reading for so long. Message pods do not reach auth, or Redis is away.',
    },
    {
      name: 'QsmEnvelopesRefused',
      severity: 'warning',
      for: '10m',
      expr: `sum by (namespace, cause) (${refused}) > 0.05
and on (namespace) sum by (namespace) (${refused})
  / (sum by (namespace) (${refused}) + sum by (namespace) (rate(qsm_message_sends_total${ofService('message')}[10m]))) > 0.05`,
      summary:
        '{{ $value | humanize }} sends a second are refused: their envelopes do not pass the check ({{ $labels.cause }}).',
      description:
        'A client with a fault, a client of a version that this server does not know, or somebody who tries forged messages. None of them were stored.',
    },
  ],
}
