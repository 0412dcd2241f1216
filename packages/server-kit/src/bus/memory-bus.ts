import { type Hint, type HintKind, hint as hintSchema } from '@qsm/contract'
import type { Bus, HintHandler } from './bus.js'

/** The bus of a single process: hints of one event-loop turn are handed out together in the next. */
export const createMemoryBus = (onError: (error: unknown) => void = () => {}): Bus => {
  const handlers = new Map<HintKind, Set<HintHandler<HintKind>>>()
  let waiting: Hint[] = []
  let closed = false

  const deliver = () => {
    const hints = waiting
    waiting = []
    for (const hint of hints) {
      for (const handler of [...(handlers.get(hint.kind) ?? [])]) {
        try {
          handler(hint as never)
        } catch (error) {
          onError(error)
        }
      }
    }
  }

  return {
    publish(hint) {
      if (closed) return
      if (waiting.length === 0) setImmediate(deliver)
      waiting.push(hintSchema.parse(hint))
    },
    subscribe(kind, handler) {
      const set = handlers.get(kind) ?? new Set()
      handlers.set(kind, set)
      set.add(handler as unknown as HintHandler<HintKind>)
      return () => {
        set.delete(handler as unknown as HintHandler<HintKind>)
      }
    },
    async close() {
      closed = true
      waiting = []
      handlers.clear()
    },
  }
}
