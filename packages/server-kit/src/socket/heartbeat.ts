import { limits } from '@qsm/contract'

/** What the heartbeat needs of a socket. */
export interface Beating {
  /** Asks for a sign of life. */
  ping(): void
  /** Whether anything came since the last ping. */
  heard(): boolean
  /** Ends it without a close handshake: nobody is there. */
  drop(): void
}

export interface Heartbeat {
  /** Returns the function that ends the watch. */
  watch(socket: Beating): () => void
  stop(): void
}

const tickMs = 1_000
const slots = limits.pingIntervalMs / tickMs
/** Ticks after its ping that a silent socket is dropped, so that a dead peer is noticed within 45 s of its last sign. */
const graceTicks = (limits.deadPeerMs - limits.pingIntervalMs) / tickMs - 1

/**
 * Pings each socket every 25 s and drops those that stay silent. One timer serves all: sockets are spread over 25 slots, a
 * slot has its turn each second, so thousands of pings never leave at once.
 */
export const createHeartbeat = (): Heartbeat => {
  const wheel = Array.from({ length: slots }, () => new Set<Beating>())
  let tick = 0
  let next = 0
  const slotAt = (at: number) => wheel[((at % slots) + slots) % slots] as Set<Beating>
  const beat = () => {
    tick += 1
    for (const socket of slotAt(tick - graceTicks)) if (!socket.heard()) socket.drop()
    for (const socket of slotAt(tick)) socket.ping()
  }
  const timer = setInterval(beat, tickMs)
  timer.unref()
  return {
    watch(socket) {
      const slot = slotAt(next)
      next += 1
      slot.add(socket)
      return () => {
        slot.delete(socket)
      }
    },
    stop: () => clearInterval(timer),
  }
}
