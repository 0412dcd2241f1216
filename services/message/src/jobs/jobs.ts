import type { MessageContext } from '../context.js'
import { expiryJob } from './expiry.js'
import type { Job } from './schedule.js'

/** The periodic work of the message service. */
export const messageJobs = ({ tokens }: Pick<MessageContext, 'tokens'>): readonly Job[] => [
  expiryJob(tokens.lifeSeconds * 1000),
]
