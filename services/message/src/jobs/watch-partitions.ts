import type { MessageContext } from '../context.js'
import type { PartitionWatch } from './partitions.js'

/** Shows what the job of the partitions has seen last, and tells the log when entries begin to lie in none of their time. */
export const watchPartitions = ({ metrics, log }: Pick<MessageContext, 'metrics' | 'log'>): PartitionWatch => {
  let reachMs = 0
  let held = 0
  metrics.gauge({
    name: 'qsm_message_entry_partitions_until_seconds',
    help: 'Until when entries have a partition, in seconds since 1970; 0 until the job has looked.',
    collect: () => reachMs / 1000,
  })
  metrics.gauge({
    name: 'qsm_message_entry_default_entries',
    help: 'Entries in entry_default, for whose time there was no partition; 1000 where there are more.',
    collect: () => held,
  })
  return {
    onReach(untilMs) {
      reachMs = untilMs
    },
    onDefault(entries) {
      if (entries > 0 && held === 0)
        log.warn(
          { entries },
          'entry_default holds entries, for whose time there was no partition: see docs/runbooks/partitions-end.md',
        )
      held = entries
    },
  }
}
