import type { Job } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import { expiryJob } from './expiry.js'
import { partitionJob } from './partitions.js'
import { removalJob } from './removal.js'
import { retentionJobs } from './retention.js'

/** The periodic work of the message service. */
export const messageJobs = ({
  tokens,
  retentionMs,
  onReach,
}: Pick<MessageContext, 'tokens' | 'retentionMs'> & {
  /** Hears up to when entries have a partition, in milliseconds since 1970. */
  readonly onReach: (untilMs: number) => void
}): readonly Job[] => [
  removalJob,
  expiryJob(tokens.lifeSeconds * 1000),
  partitionJob(retentionMs, onReach),
  ...retentionJobs(retentionMs),
]
