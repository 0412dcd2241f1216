import { QsmClientError } from '../errors.js'
import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'
import { getJson, putJson } from '../store/values.js'

/** What became of a message, for the client of the same store that waits for it. */
interface StoredOutcome {
  readonly error: { readonly code: string; readonly message: string } | null
}

/** Leaves the outcome of another client's message for it. */
export const leaveOutcome = (transaction: StoreTransaction, messageId: string, error: Error | null): void => {
  const code = error instanceof QsmClientError ? error.code : 'failed'
  const outcome: StoredOutcome = { error: error && { code, message: error.message } }
  putJson(transaction, keys.outcome(messageId), outcome)
}

/** Takes the outcome that another client left: an error, null for sent, undefined where there is none. */
export const takeOutcome = async (
  transaction: StoreTransaction,
  messageId: string,
): Promise<Error | null | undefined> => {
  const outcome = await getJson<StoredOutcome>(transaction, keys.outcome(messageId))
  if (!outcome) return undefined
  transaction.delete(keys.outcome(messageId))
  return outcome.error && new QsmClientError(outcome.error.code, outcome.error.message)
}

interface Waiter {
  readonly messageId: string
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** The sends that somebody of this process waits for, by the key of the message. */
export interface Waiters {
  add(key: string, messageId: string, patienceMs: number): Promise<void>
  has(key: string): boolean
  /** Of these keys' prefix, with their message ids. */
  under(prefix: string): readonly (readonly [key: string, messageId: string])[]
  settle(key: string, error: Error | null): void
  /** Nobody is told any more; the messages stay in the queue. */
  giveUp(): void
}

const queued = (): QsmClientError =>
  new QsmClientError(
    'queued',
    'The server has not answered yet. The message stays in the queue and leaves when it can, also after a restart (with the next qsm send, receive or listen).',
  )

/** The same, unless it takes longer than this: then rejects with `queued`. What runs goes on. */
export const inPatience = async <T>(work: Promise<T>, patienceMs: number): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(queued()), patienceMs)
  })
  try {
    return await Promise.race([work, tooLong])
  } finally {
    clearTimeout(timer)
  }
}

export const createWaiters = (): Waiters => {
  const waiting = new Map<string, Waiter>()
  const settle = (key: string, error: Error | null) => {
    const waiter = waiting.get(key)
    waiting.delete(key)
    if (error) waiter?.reject(error)
    else waiter?.resolve()
  }
  return {
    settle,
    has: key => waiting.has(key),
    under: prefix =>
      [...waiting].filter(([key]) => key.startsWith(prefix)).map(([key, { messageId }]) => [key, messageId]),
    add: (key, messageId, patienceMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(key, queued()), patienceMs)
        const stop =
          <A extends unknown[]>(then: (...args: A) => void) =>
          (...args: A) => {
            clearTimeout(timer)
            then(...args)
          }
        waiting.set(key, { messageId, resolve: stop(resolve), reject: stop(reject) })
      }),
    giveUp() {
      for (const key of [...waiting.keys()]) settle(key, queued())
    },
  }
}
