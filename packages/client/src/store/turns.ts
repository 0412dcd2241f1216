import { QsmClientError } from '../errors.js'
import type { Store } from './store.js'

/** The one text for a store, or a part of it, that somebody else holds. */
export const storeInUse = (what: string): QsmClientError =>
  new QsmClientError('store_in_use', `${what} is in use by another client. Close that one, or use another store.`)

/** Runs pieces of work one after the other, in the order in which they were asked for. */
export const createTurns = () => {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {}) // The caller is told; the next one has its turn all the same.
    return result
  }
}

export const noLongerWaited = (): QsmClientError => new QsmClientError('closed', 'This client was closed.')

/** Rejects when the signal comes before the promise is settled. */
const unlessAborted = <T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(noLongerWaited())
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Turns by name within this process. */
export const createNamedTurns = (): Store['alone'] => {
  const held = new Map<string, { readonly inTurn: ReturnType<typeof createTurns>; waiting: number }>()
  return async (name, work, { wait = true, signal } = {}) => {
    const turns = held.get(name) ?? { inTurn: createTurns(), waiting: 0 }
    if (!wait && turns.waiting > 0) throw storeInUse(name)
    held.set(name, turns)
    turns.waiting += 1
    let begun = false
    const result = turns
      .inTurn(async () => {
        if (signal?.aborted) throw noLongerWaited()
        begun = true
        return work()
      })
      .finally(() => {
        turns.waiting -= 1
        if (turns.waiting === 0) held.delete(name)
      })
    const aborted = unlessAborted(result, signal)
    // Once it runs it is waited for, whatever the signal says.
    return aborted.catch(error => (begun ? result : Promise.reject(error)))
  }
}
