import { closeCodes, limits } from '@qsm/contract'
import type { Socket } from '@qsm/server-kit'
import type { MailboxState } from '../mailbox/mailbox.js'
import type { DeliveryCounts } from './delivery-counts.js'
import type { DeliveryItem, DeliverySource } from './delivery-source.js'
import type { DeliverySpans } from './delivery-spans.js'

const pageEntries = 50
/** A client that takes and acknowledges nothing for so long stands still. */
const stallMs = 10_000
const retryMs = 1_000

/** Hands the entries of one mailbox to one socket, in order, within the window of what is unacknowledged. */
export interface Delivery {
  /** There may be something new: up to `sequence`, where that is known. */
  wake(sequence?: number): void
  /** An entry that was just stored: handed over at once where it is the very next, else read in its turn. */
  offer(item: DeliveryItem): void
  acknowledged(upTo: number): void
  /** A traced hint said that there is an entry: from here until it is handed over is a span below that hint. */
  trace(sequence: number, traceparent: string): void
  stop(): void
}

export interface DeliveryOptions {
  readonly socket: Socket
  readonly source: DeliverySource
  readonly start: MailboxState
  readonly counts: DeliveryCounts
  readonly onError: (error: unknown) => void
  /** Null where nothing is traced. */
  readonly spans: DeliverySpans | null
}

/**
 * Reads pages behind its cursor while the client keeps up: at most 100 unacknowledged, and nothing more while 1 MiB waits
 * for the network. A client that stands still for 10 s is closed with a code that lets it come back; nothing is lost, the
 * mailbox holds it.
 */
export const startDelivery = (options: DeliveryOptions): Delivery => {
  const { socket, source, start, onError, spans } = options
  const unacknowledged: number[] = []
  const backlogEnd = start.next - 1
  let cursor = start.acked
  let announced = false
  let reading = false
  let wanted = true
  let stopped = false
  let timer: NodeJS.Timeout | null = null

  const hasWindow = () => unacknowledged.length < limits.maxUnacknowledged
  const hasRoom = () => socket.bufferedBytes < limits.maxBufferedBytes
  const isFull = () => !hasWindow() || !hasRoom()

  const later = (ms: number, work: () => void) => {
    timer ??= setTimeout(() => {
      timer = null
      if (!stopped) work()
    }, ms)
    timer.unref()
  }
  const cancel = () => {
    if (timer) clearTimeout(timer)
    timer = null
  }
  const forget = (upTo: number) => {
    while (unacknowledged.length > 0 && (unacknowledged[0] ?? 0) <= upTo) unacknowledged.shift()
  }

  /** Closes a client that has neither taken nor acknowledged anything since; else waits on, or goes on reading. */
  const watchStall = () => {
    const before = { oldest: unacknowledged[0], bytes: socket.bufferedBytes }
    later(stallMs, async () => {
      try {
        // It may have acknowledged by a request, here or elsewhere.
        if (!hasWindow()) forget(await source.acked())
      } catch (error) {
        onError(error)
        return watchStall()
      }
      if (stopped) return
      // What has left already tells nothing: it may lie in the network. While something is left, less of it is a sign of life.
      const isTaking = socket.bufferedBytes > 0 && socket.bufferedBytes < before.bytes
      const hasMoved = isTaking || unacknowledged[0] !== before.oldest
      if (isFull() && !hasMoved) return socket.close(closeCodes.slowConsumer)
      return void pump()
    })
  }

  const announce = () => {
    if (announced || cursor < backlogEnd) return
    announced = true
    socket.sendText(JSON.stringify({ type: 'backlog_end', cursor }))
  }

  const hand = (item: DeliveryItem) => {
    item.send(socket)
    unacknowledged.push(item.sequence)
    cursor = item.sequence
    spans?.handed(cursor)
  }

  /** Reads and hands over one page. True where there is more. */
  const readOnce = async (): Promise<boolean> => {
    const { items, next, more } = await source.page({
      after: cursor,
      limit: Math.min(pageEntries, limits.maxUnacknowledged - unacknowledged.length),
      maxBytes: limits.maxBufferedBytes - socket.bufferedBytes,
    })
    if (stopped) return false
    for (const item of items) hand(item)
    cursor = next
    options.counts.page(items)
    // The last of the backlog may have been deleted since.
    if (!more && cursor < backlogEnd) cursor = backlogEnd
    announce()
    return more
  }

  const pump = async (): Promise<void> => {
    if (reading || stopped) return
    reading = true
    try {
      while (wanted && !stopped) {
        if (isFull()) return watchStall()
        cancel()
        wanted = false
        if (await readOnce()) wanted = true
      }
    } catch (error) {
      // The database is away: the socket stays, and reads on when it is back.
      onError(error)
      wanted = true
      later(retryMs, pump)
    } finally {
      reading = false
    }
  }

  announce()
  socket.onDrain(() => void pump())
  void pump()
  const wake = (sequence = Number.POSITIVE_INFINITY) => {
    if (sequence <= cursor) return
    wanted = true
    void pump()
  }
  return {
    wake,
    offer(item) {
      const isNext = announced && !reading && !wanted && item.sequence === cursor + 1
      if (stopped || !isNext || isFull()) return wake(item.sequence)
      hand(item)
      options.counts.handed()
    },
    acknowledged(upTo) {
      forget(upTo)
      void pump()
    },
    trace(sequence, traceparent) {
      spans?.hinted(sequence, traceparent)
      if (sequence <= cursor) spans?.handed(cursor)
    },
    stop() {
      stopped = true
      cancel()
    },
  }
}
