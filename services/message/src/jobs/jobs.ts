import type { Job } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import { fenceJob } from './default-partition.js'
import { expiryJob } from './expiry.js'
import { type PartitionWatch, partitionJob } from './partitions.js'
import { removalJob } from './removal.js'
import { retentionJobs } from './retention.js'

/** The periodic work of the message service. */
export const messageJobs = ({
  tokens,
  retentionMs,
  partitions,
}: Pick<MessageContext, 'tokens' | 'retentionMs'> & { readonly partitions: PartitionWatch }): readonly Job[] => [
  removalJob,
  expiryJob(tokens.lifeSeconds * 1000),
  partitionJob(retentionMs, partitions),
  fenceJob,
  ...retentionJobs(retentionMs),
]
