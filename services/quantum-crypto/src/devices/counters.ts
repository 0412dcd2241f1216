import type { Metrics } from '@qsm/server-kit'
import { atRestFailures } from '../at-rest/failures.js'
import type { DeviceCounters } from './parts.js'

export const deviceCounters = (metrics: Metrics): DeviceCounters => ({
  quarantined: metrics.counter({
    name: 'qsm_managed_quarantined_total',
    help: 'Entries of mailboxes of managed devices that could not be opened, by reason.',
    labelNames: ['reason'],
  }),
  atRestFailures: atRestFailures(metrics),
})
