import { hasCode, QsmClientError } from '../errors.js'
import type { Signs } from '../live/signs.js'
import type { Store } from '../store/store.js'
import type { Inbox } from './inbox.js'
import type { Message, StoredMessage } from './message.js'

export interface MessagesOptions {
  /** Ends the loop. */
  readonly signal?: AbortSignal
  /**
   * `auto`: a message is done when the application asks for the next one, or leaves the loop. `manual`: only
   * `message.done()` says so; until then it comes again after a restart.
   */
  readonly settle?: 'auto' | 'manual'
}

/** Hands out what is in the inbox, oldest first. One consumer of a store at a time. */
export interface HandOut {
  /** As they come, without end: until the signal, or until `ended` says that nothing will come any more. */
  follow(options: MessagesOptions): AsyncGenerator<Message, void>
  /** What is there after `fetch`, then ends. */
  drain(fetch: () => Promise<void>, options: MessagesOptions): AsyncGenerator<Message, void>
}

const inUse = (cause: unknown): QsmClientError =>
  new QsmClientError(
    'store_in_use',
    'Messages of this store are being received already, by another loop or another process: end that one first, so that no message is shown twice.',
    { cause },
  )

/** Holds the inbox until the returned function is called, which resolves when it is free again. */
const holdInbox = (store: Store): Promise<() => Promise<void>> =>
  new Promise((resolve, reject) => {
    const held = store.alone(
      'inbox',
      () =>
        new Promise<void>(free => {
          resolve(() => {
            free()
            return held
          })
        }),
      { wait: false },
    )
    held.catch((error: unknown) => reject(hasCode(error, 'store_in_use') ? inUse(error) : error))
  })

export const createHandOut = (options: {
  readonly store: Store
  readonly inbox: Inbox
  readonly signs: Signs
  /** Before the application's word that it is done with a message is kept. */
  readonly onDone: (message: StoredMessage) => Promise<void>
  /** Throws where the client ended by a fault; true where it was closed in order. */
  readonly ended: () => boolean
}): HandOut => {
  const { store, inbox, signs, onDone, ended } = options

  async function* each(
    { signal, settle = 'auto' }: MessagesOptions,
    waitForMore: ((seen: number) => Promise<boolean>) | null,
  ): AsyncGenerator<Message, void> {
    const handedOut = new Set<string>()
    while (!signal?.aborted) {
      const seen = signs.count()
      const next = await inbox.next(handedOut)
      if (!next) {
        if (!waitForMore || !(await waitForMore(seen))) return
        continue
      }
      handedOut.add(next.key)
      const done = async () => {
        await onDone(next.message)
        await next.message.done()
        handedOut.delete(next.key)
      }
      try {
        yield { ...next.message, done }
      } finally {
        if (settle === 'auto') await done()
      }
    }
  }

  return {
    async *follow(options) {
      const release = await holdInbox(store)
      try {
        yield* each(options, async seen => {
          if (ended()) return false
          await signs.after(seen, options.signal)
          return true
        })
      } finally {
        await release()
      }
    },
    async *drain(fetch, options) {
      const release = await holdInbox(store)
      try {
        await fetch()
        yield* each(options, null)
      } finally {
        await release()
      }
    },
  }
}
