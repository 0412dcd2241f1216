import { closeCodes, encodeDeliveryFrame, limits } from '@qsm/contract'
import type { Socket } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import type { Entry, Mailboxes, MailboxState } from '../mailbox/mailbox.js'

const pageEntries = 50
const stallMs = 10_000
const retryMs = 1_000

/** Hands the entries of one mailbox to one socket, in order, within the window of what is unacknowledged. */
export interface Delivery {
  /** There may be something new. */
  wake(): void
  acknowledged(upTo: number): void
  stop(): void
}

export interface DeliveryOptions {
  readonly socket: Socket
  readonly address: DeviceAddress
  readonly mailboxes: Mailboxes
  readonly start: MailboxState
  readonly onDelivered: (count: number) => void
  readonly onError: (error: unknown) => void
}

/**
 * Reads pages behind its cursor while the client keeps up: at most 100 unacknowledged and 1 MiB unsent. A client that
 * stands still for 10 s is closed with a code that lets it come back; nothing is lost, the mailbox holds it.
 */
export const startDelivery = (options: DeliveryOptions): Delivery => {
  const { socket, address, mailboxes, start } = options
  const unacknowledged: number[] = []
  const backlogEnd = start.next - 1
  let cursor = start.acked
  let announced = false
  let reading = false
  let wanted = true
  let stopped = false
  let stall: NodeJS.Timeout | null = null

  const isFull = () =>
    unacknowledged.length >= limits.maxUnacknowledged || socket.bufferedBytes >= limits.maxBufferedBytes

  const watchStall = () => {
    stall ??= setTimeout(() => {
      stall = null
      if (stopped) return
      if (isFull()) socket.close(closeCodes.slowConsumer)
      else void pump()
    }, stallMs)
  }
  const announce = () => {
    if (announced || cursor < backlogEnd) return
    announced = true
    socket.sendText(JSON.stringify({ type: 'backlog_end', cursor }))
  }
  const deliver = (entries: readonly Entry[]) => {
    for (const entry of entries) {
      socket.sendBinary(encodeDeliveryFrame(entry))
      unacknowledged.push(entry.sequence)
      cursor = entry.sequence
    }
    options.onDelivered(entries.length)
  }

  const readOnce = async (): Promise<boolean> => {
    const limit = Math.min(pageEntries, limits.maxUnacknowledged - unacknowledged.length)
    const entries = await mailboxes.page({ ...address, after: cursor, limit })
    if (stopped) return false
    deliver(entries)
    // Fewer than asked for: the end, though deleted entries may have left the last number below what was announced.
    if (entries.length < limit && cursor < backlogEnd) cursor = backlogEnd
    announce()
    return entries.length === limit
  }

  const pump = async (): Promise<void> => {
    if (reading || stopped) return
    reading = true
    try {
      while (wanted && !stopped) {
        if (isFull()) {
          watchStall()
          return
        }
        wanted = false
        if (await readOnce()) wanted = true
      }
    } catch (error) {
      // The database is away: the socket stays, and reads on when it is back.
      options.onError(error)
      wanted = true
      setTimeout(() => void pump(), retryMs).unref()
    } finally {
      reading = false
    }
  }

  announce()
  void pump()
  return {
    wake() {
      wanted = true
      void pump()
    },
    acknowledged(upTo) {
      while (unacknowledged.length > 0 && (unacknowledged[0] ?? 0) <= upTo) unacknowledged.shift()
      if (stall && !isFull()) {
        clearTimeout(stall)
        stall = null
      }
      void pump()
    },
    stop() {
      stopped = true
      if (stall) clearTimeout(stall)
    },
  }
}
