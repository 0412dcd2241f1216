import type { ManagedCall, ManagedResult } from '@qsm/contract'
import { type Caller, errorObject, type Logger, newId, toQsmError } from '@qsm/server-kit'
import type { ManagedDevices } from './managed-devices.js'

export interface RunnerOptions {
  readonly devices: ManagedDevices
  /** The caller behind an access token that no revocation meets. Throws `unauthorized`. */
  authenticate(token: string): Caller | Promise<Caller>
  readonly log: Logger
}

/** Rejects with the reason of the signal when that comes. */
const untilAborted = async <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Runs several operations, each for the user of its own token: those of one user in their order, users beside each other. One
 * that fails does not touch the others. Rejects only when the signal comes; what is under way then is finished all the same.
 */
export const createOperationRunner = ({ devices, authenticate, log }: RunnerOptions) => {
  const failed = (thrown: unknown, operation: string, requestId: string): ManagedResult => {
    const error = toQsmError(thrown)
    if (error.status >= 500) {
      const level = error.code === 'internal' ? 'error' : 'warn'
      log[level]({ requestId, operation, code: error.code, err: error.cause ?? error }, 'a managed operation failed')
    }
    return { error: errorObject(error, requestId), status: error.status }
  }

  const runAll = async (calls: readonly ManagedCall[], requestId: string): Promise<readonly ManagedResult[]> => {
    const tokens = [...new Set(calls.map(({ token }) => token))]
    const judged = await Promise.allSettled(tokens.map(async token => authenticate(token)))
    const callers = new Map(tokens.map((token, index) => [token, judged[index]]))
    return Promise.all(
      calls.map(async ({ token, input }): Promise<ManagedResult> => {
        const caller = callers.get(token)
        try {
          if (caller?.status !== 'fulfilled') throw caller?.reason
          return { output: await devices.run(caller.value.userId, input) }
        } catch (error) {
          return failed(error, input.operation, requestId)
        }
      }),
    )
  }

  return async (
    calls: readonly ManagedCall[],
    signal: AbortSignal,
    requestId: string = newId(),
  ): Promise<readonly ManagedResult[]> => {
    signal.throwIfAborted()
    return untilAborted(signal, runAll(calls, requestId))
  }
}

export type OperationRunner = ReturnType<typeof createOperationRunner>
