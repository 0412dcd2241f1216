import { type Hint, hint as hintSchema } from '@qsm/contract'
import type { Bus } from './bus.js'
import { HandOut } from './hand-out.js'
import { newPodAddress } from './pod-address.js'

/** The bus of a single process: hints of one event-loop turn are handed out together in the next. */
export const createMemoryBus = (onError: (error: unknown) => void = () => {}): Bus => {
  const handOut = new HandOut(onError)
  let waiting: Hint[] = []
  let closed = false

  const deliver = () => {
    const hints = waiting
    waiting = []
    handOut.give(hints)
  }

  return {
    publish(hint) {
      if (closed) return
      if (waiting.length === 0) setImmediate(deliver)
      waiting.push(hintSchema.parse(hint))
    },
    subscribe: (kind, handler) => handOut.subscribe(kind, handler),
    want: () => () => {},
    podAddress: newPodAddress(),
    state: 'not_configured',
    async close() {
      closed = true
      waiting = []
      handOut.clear()
    },
  }
}
