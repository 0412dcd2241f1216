import type { Metrics } from '@qsm/server-kit'
import type { DeviceCounters } from './parts.js'

export const deviceCounters = (metrics: Metrics): DeviceCounters => ({
  quarantined: metrics.counter({
    name: 'qsm_managed_quarantined_total',
    help: 'Entries of mailboxes of managed devices that could not be opened, by reason.',
    labelNames: ['reason'],
  }),
  atRestFailures: metrics.counter({
    name: 'qsm_managed_at_rest_failures_total',
    help: 'Stored values of managed devices that did not open in their place, by reason.',
    labelNames: ['reason'],
  }),
})
