import type { AlertGroup } from '../alert.js'
import { ofAll, ofService } from '../select.js'

/** What grew within a time. A counter with labels begins with its first event, which `increase` alone does not see. */
const grew = (metric: string, selector: string, within: string): string =>
  `increase(${metric}${selector}[${within}]) > 0
or (${metric}${selector} unless ${metric}${selector} offset ${within}) > 0`

const quarantined = `qsm_managed_quarantined_total${ofService('quantum-crypto')}`

export const quantum: AlertGroup = {
  name: 'qsm.quantum',
  alerts: [
    {
      name: 'QsmQuantumServiceAway',
      severity: 'critical',
      for: '2m',
      expr: `qsm_quantum_service_up${ofAll()} == 0\nor qsm_message_quantum_service_away${ofService('message')} == 1`,
      summary: 'Pod {{ $labels.pod }} gets no answer of the quantum service.',
      description:
        'Thin clients cannot send or read; their messages wait in their mailboxes. End-to-end clients notice nothing.',
    },
    {
      name: 'QsmSigningQueue',
      severity: 'warning',
      for: '5m',
      expr: `avg_over_time(qsm_crypto_signing_waiting${ofService('quantum-crypto')}[5m]) > 64`,
      summary: '{{ $value | humanize }} signatures wait in {{ $labels.pod }}.',
      description:
        'Thin clients send slowly; from 128 waiting for each thread on, calls are refused with 503. Add quantum-crypto pods or CPU.',
    },
    {
      name: 'QsmStoredKeysUnreadable',
      severity: 'critical',
      for: '0m',
      expr: grew('qsm_crypto_at_rest_failures_total', ofService('quantum-crypto'), '15m'),
      summary: 'Stored keys do not open in {{ $labels.pod }} ({{ $labels.reason }}).',
      description:
        'Those thin clients cannot be served. A key-encryption key is missing, or somebody changed rows of the database. Never start with another QSM_KEK to "repair" it.',
    },
    {
      name: 'QsmMessagesQuarantined',
      severity: 'warning',
      for: '10m',
      expr: `sum by (namespace, reason) (rate(${quarantined}[15m])) > 0.05`,
      summary: '{{ $value | humanize }} messages a second to thin clients cannot be opened ({{ $labels.reason }}).',
      description:
        'Their readers see that a message could not be opened. One sender with a fault does this, a restored database too.',
    },
  ],
}
