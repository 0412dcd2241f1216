import type { Job } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import { expiryJob } from './expiry.js'
import { removalJob } from './removal.js'
import { retentionJobs } from './retention.js'

/** The periodic work of the message service. */
export const messageJobs = ({
  tokens,
  retentionMs,
}: Pick<MessageContext, 'tokens' | 'retentionMs'>): readonly Job[] => [
  removalJob,
  expiryJob(tokens.lifeSeconds * 1000),
  ...retentionJobs(retentionMs),
]
