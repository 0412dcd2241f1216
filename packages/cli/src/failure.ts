import { QsmClientError } from '@qsm/client'
import { UsageError } from './arguments.js'
import { forTerminal } from './output.js'

export interface Failure {
  readonly exitCode: 1 | 2
  /** For standard error, without the last line end. */
  readonly text: string
}

const messageOf = (error: unknown): string => {
  // Messages are printed before they are done, so nothing is lost.
  if ((error as NodeJS.ErrnoException).code === 'EPIPE')
    return 'Nobody reads the output any more; what was not printed comes again.'
  return error instanceof Error ? error.message : String(error)
}

/** How a command has failed: 1, or 2 for wrong usage, and what is said of it. */
export const describeFailure = (error: unknown, json: boolean): Failure => {
  const isUsage = error instanceof UsageError || (error instanceof QsmClientError && error.code === 'usage')
  const code = isUsage ? 'usage' : error instanceof QsmClientError ? error.code : 'failed'
  const message = messageOf(error)
  const exitCode = isUsage ? 2 : 1
  if (json) return { exitCode, text: JSON.stringify({ error: { code, message } }) }
  const about = error instanceof UsageError ? `\nTry: qsm ${error.command === '' ? '' : `${error.command} `}--help` : ''
  return { exitCode, text: `qsm: ${forTerminal(message)}${about}` }
}
