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
  /** The last entry that was handed over. */
  readonly cursor: number
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

/** A class, since a socket that is idle pays for every closure. */
class SocketDelivery implements Delivery {
  readonly #options: DeliveryOptions
  readonly #unacknowledged: number[] = []
  readonly #backlogEnd: number
  #cursor: number
  #announced = false
  #reading = false
  #wanted = true
  #stopped = false
  #timer: NodeJS.Timeout | null = null

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#backlogEnd = options.start.next - 1
    this.#cursor = options.start.acked
    this.#announce()
    options.socket.onDrain(() => void this.#pump())
    void this.#pump()
  }

  get cursor(): number {
    return this.#cursor
  }

  wake(sequence = Number.POSITIVE_INFINITY): void {
    if (sequence <= this.#cursor) return
    this.#wanted = true
    void this.#pump()
  }

  offer(item: DeliveryItem): void {
    const isNext = this.#announced && !this.#reading && !this.#wanted && item.sequence === this.#cursor + 1
    if (this.#stopped || !isNext || this.#isFull()) this.wake(item.sequence)
    else {
      this.#hand(item)
      this.#options.counts.handed()
    }
  }

  acknowledged(upTo: number): void {
    this.#forget(upTo)
    void this.#pump()
  }

  trace(sequence: number, traceparent: string): void {
    const { spans } = this.#options
    spans?.hinted(sequence, traceparent)
    if (sequence <= this.#cursor) spans?.handed(this.#cursor)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #hasWindow(): boolean {
    return this.#unacknowledged.length < limits.maxUnacknowledged
  }

  #isFull(): boolean {
    return !this.#hasWindow() || this.#options.socket.bufferedBytes >= limits.maxBufferedBytes
  }

  #later(ms: number, work: () => void): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      if (!this.#stopped) work()
    }, ms)
    this.#timer.unref()
  }

  #cancel(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #forget(upTo: number): void {
    const waiting = this.#unacknowledged
    while (waiting.length > 0 && (waiting[0] ?? 0) <= upTo) waiting.shift()
  }

  /** Closes a client that has neither taken nor acknowledged anything since; else waits on, or goes on reading. */
  #watchStall(): void {
    const { socket, source, onError } = this.#options
    const before = { oldest: this.#unacknowledged[0], bytes: socket.bufferedBytes }
    this.#later(stallMs, async () => {
      try {
        // It may have acknowledged by a request, here or elsewhere.
        if (!this.#hasWindow()) this.#forget(await source.acked())
      } catch (error) {
        onError(error)
        return this.#watchStall()
      }
      if (this.#stopped) return
      // What has left already tells nothing: it may lie in the network. While something is left, less of it is a sign of life.
      const isTaking = socket.bufferedBytes > 0 && socket.bufferedBytes < before.bytes
      const hasMoved = isTaking || this.#unacknowledged[0] !== before.oldest
      if (this.#isFull() && !hasMoved) return socket.close(closeCodes.slowConsumer)
      return void this.#pump()
    })
  }

  #announce(): void {
    if (this.#announced || this.#cursor < this.#backlogEnd) return
    this.#announced = true
    this.#options.socket.sendText(JSON.stringify({ type: 'backlog_end', cursor: this.#cursor }))
  }

  #hand(item: DeliveryItem): void {
    item.send(this.#options.socket)
    this.#unacknowledged.push(item.sequence)
    this.#cursor = item.sequence
    this.#options.spans?.handed(this.#cursor)
  }

  /** Reads and hands over one page. True where there is more. */
  async #readOnce(): Promise<boolean> {
    const { socket, source, counts } = this.#options
    const { items, next, more } = await source.page({
      after: this.#cursor,
      limit: Math.min(pageEntries, limits.maxUnacknowledged - this.#unacknowledged.length),
      maxBytes: limits.maxBufferedBytes - socket.bufferedBytes,
    })
    if (this.#stopped) return false
    for (const item of items) this.#hand(item)
    this.#cursor = next
    counts.page(items)
    // The last of the backlog may have been deleted since.
    if (!more && this.#cursor < this.#backlogEnd) this.#cursor = this.#backlogEnd
    this.#announce()
    return more
  }

  async #pump(): Promise<void> {
    if (this.#reading || this.#stopped) return
    this.#reading = true
    try {
      while (this.#wanted && !this.#stopped) {
        if (this.#isFull()) return this.#watchStall()
        this.#cancel()
        this.#wanted = false
        if (await this.#readOnce()) this.#wanted = true
      }
    } catch (error) {
      // The database is away: the socket stays, and reads on when it is back.
      this.#options.onError(error)
      this.#wanted = true
      this.#later(retryMs, () => void this.#pump())
    } finally {
      this.#reading = false
    }
  }
}

/**
 * Reads pages behind its cursor while the client keeps up: at most 100 unacknowledged, and nothing more while 1 MiB waits
 * for the network. A client that stands still for 10 s is closed with a code that lets it come back; nothing is lost, the
 * mailbox holds it.
 */
export const startDelivery = (options: DeliveryOptions): Delivery => new SocketDelivery(options)
