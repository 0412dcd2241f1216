import type { AlertGroup } from '../alert.js'
import { ofAll, ofService } from '../select.js'

export const socketsGroup: AlertGroup = {
  name: 'qsm.sockets',
  alerts: [
    {
      name: 'QsmSocketsNearLimit',
      severity: 'warning',
      for: '5m',
      expr: `qsm_ws_connections${ofService('message')} / qsm_ws_connections_max${ofService('message')} > 0.85`,
      summary: 'Pod {{ $labels.pod }} has {{ $value | humanizePercentage }} of the sockets that it takes.',
      description:
        'Over MAX_SOCKETS a pod refuses sockets with 503. The others must also take those of a pod that is lost: add message pods.',
    },
    {
      name: 'QsmUpgradesRefused',
      severity: 'warning',
      for: '5m',
      expr: `sum by (namespace, code) (rate(qsm_ws_refused_total${ofService('message', 'code=~"rate_limited|unavailable"')}[5m])) > 0.5`,
      summary: '{{ $value | humanize }} sockets a second are refused with {{ $labels.code }}.',
      description:
        'Those clients wait and try again; meanwhile they get messages late. `unavailable`: pods are full or many come at once. `rate_limited`: one address or one user has too many.',
    },
    {
      name: 'QsmLimitsNotShared',
      severity: 'warning',
      for: '5m',
      expr: `qsm_limits_shared${ofAll()} == 0`,
      summary: 'Pod {{ $labels.pod }} counts rate limits alone.',
      description:
        'Redis does not answer it. It gives each user half of each allowance, so busy people may be refused with 429.',
    },
  ],
}
