import { limits } from '@qsm/contract'
import type { Span, Tracing } from '@qsm/server-kit'

/** The spans of one socket: each from the hint of an entry until that is handed over. */
export interface DeliverySpans {
  hinted(sequence: number, traceparent: string): void
  /** All up to `upTo` have been handed over, or were passed by. */
  handed(upTo: number): void
}

/** So many hinted entries may wait for a socket that does not read; further ones are not traced. */
const maxOpen = limits.maxUnacknowledged

export const deliverySpans = (tracing: Tracing): DeliverySpans => {
  const open = new Map<number, Span>()
  return {
    hinted(sequence, traceparent) {
      if (open.size >= maxOpen || open.has(sequence)) return
      open.set(sequence, tracing.begin('delivery', traceparent, 'consumer'))
    },
    handed(upTo) {
      for (const [sequence, span] of open) {
        if (sequence > upTo) continue
        span.end()
        open.delete(sequence)
      }
    },
  }
}
