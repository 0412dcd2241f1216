import { decodeDeliveryFrame, reconnectsAfter } from '@qsm/contract'
import type { Delivered } from './receive.js'

/** The part of a WebSocket that is used here; that of browsers and of `ws` both have it. */
export interface SocketLike {
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  onerror: ((event: never) => void) | null
  send(data: string): void
  close(code?: number): void
}

/** Opens a socket; browsers cannot send headers, so they get a ticket as subprotocol. */
export type OpenSocket = (url: string, credentials: { token(): Promise<string>; ticket(): Promise<string> }) => Promise<SocketLike>

export interface SocketEvents {
  readonly onReady: (frame: { cursor: number; epoch: number }) => Promise<void>
  readonly onDelivered: (delivered: Delivered) => Promise<void>
  readonly onFrame: (frame: { readonly type: string } & Record<string, unknown>) => void
  readonly onState: (state: 'connecting' | 'open' | 'waiting' | 'stopped', reason?: string) => void
}

export interface SocketLoop {
  acknowledge(upTo: number): void
  stop(): void
}

const firstDelayMs = 500
const maxDelayMs = 30_000

/** Full jitter: anything up to the bound, so that clients that were cut at once do not come back at once. */
const jittered = (attempt: number, random: () => number): number => random() * Math.min(maxDelayMs, firstDelayMs * 2 ** attempt)

/**
 * Keeps one socket open until it is stopped or the server says so. Frames are handled one after the other, in order; a
 * lost connection is opened again and the server goes on where the last acknowledgement was.
 */
export const runSocket = (
  url: string,
  open: OpenSocket,
  credentials: { token(): Promise<string>; ticket(): Promise<string> },
  events: SocketEvents,
  random: () => number = Math.random,
): SocketLoop => {
  let socket: SocketLike | null = null
  let attempt = 0
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | null = null
  let work: Promise<void> = Promise.resolve()

  const again = () => {
    if (stopped) return
    events.onState('waiting')
    timer = setTimeout(() => void connect(), jittered(attempt, random))
    attempt += 1
  }
  const stop = (reason?: string) => {
    if (stopped) return
    stopped = true
    if (timer) clearTimeout(timer)
    socket?.close(1000)
    events.onState('stopped', reason)
  }
  const handle = async (data: unknown): Promise<void> => {
    if (typeof data !== 'string') {
      const frame = decodeDeliveryFrame(new Uint8Array(data as ArrayBuffer))
      return events.onDelivered({ sequence: frame.sequence, envelope: frame.envelope, body: frame.body })
    }
    const frame = JSON.parse(data) as { type: string } & Record<string, unknown>
    if (frame.type === 'ready') {
      attempt = 0
      events.onState('open')
      return events.onReady(frame as unknown as { cursor: number; epoch: number })
    }
    events.onFrame(frame)
  }

  const connect = async (): Promise<void> => {
    events.onState('connecting')
    let mine: SocketLike
    try {
      mine = await open(url, credentials)
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === 'not_logged_in' || code === 'closed') return stop((error as Error).message)
      return again()
    }
    if (stopped) return mine.close(1000)
    socket = mine
    mine.binaryType = 'arraybuffer'
    mine.onmessage = ({ data }) => {
      work = work.then(() => (stopped || socket !== mine ? undefined : handle(data)))
      // What cannot be kept now (a full disk, a closed store) is not acknowledged: the server hands it out again.
      work = work.catch(error => {
        events.onState('waiting', (error as Error).message)
        mine.close(1000)
      })
    }
    mine.onerror = () => {} // A close event follows.
    mine.onclose = ({ code, reason }) => {
      if (socket === mine) socket = null
      if (reconnectsAfter(code)) again()
      else stop(reason)
    }
  }

  void connect()
  return {
    acknowledge: upTo => {
      try {
        socket?.send(JSON.stringify({ type: 'ack', up_to: upTo }))
      } catch {
        // The socket is closing; what was kept is acknowledged by the next ready.
      }
    },
    stop: () => stop(),
  }
}

/** A socket of the platform, with a ticket. Throws where the platform has none. */
export const platformSocket: OpenSocket = async (url, { ticket }) => {
  const Platform = (globalThis as { WebSocket?: new (url: string, protocols: string[]) => unknown }).WebSocket
  if (!Platform) throw Object.assign(new Error('This platform has no WebSocket.'), { code: 'closed' })
  return new Platform(url, [`qsm.ticket.${await ticket()}`]) as SocketLike
}
