import type { Socket as TcpSocket } from 'node:net'
import { WebSocket } from 'ws'
import { FrameRow } from './frame-row.js'
import { clearBench, writeRow } from './write-row.js'

/** Sockets that have something to write when this turn of the event loop ends. */
let waiting: TurnSocket[] = []
/** The row with which the last socket of this turn began, for the next one that begins with the same frame. */
let first: FrameRow | null = null

const raise = (error: unknown) => {
  throw error
}

const endTurn = () => {
  const sockets = waiting
  waiting = []
  first = null
  for (const socket of sockets) {
    try {
      socket.flush()
    } catch (error) {
      // It is nobody's to handle and ends the process as any other: only after the others have their frames.
      process.nextTick(raise, error)
    }
  }
  clearBench()
}

const firstRow = (frame: Uint8Array): FrameRow => {
  if (first?.wholeFrame !== frame) first = new FrameRow(null, frame, false)
  return first
}

/**
 * A `ws` socket for frames that leave in one write for each turn of the event loop: a small frame costs the kernel as much as a
 * large one. What `ws` writes by itself (ping, pong, close) goes after all that was sent before.
 */
export class TurnSocket extends WebSocket {
  #row: FrameRow | null = null

  get tcp(): TcpSocket {
    return (this as unknown as { _socket: TcpSocket })._socket
  }

  /** A whole frame. */
  sendFrame(frame: Uint8Array): void {
    if (this.#row === null) this.#wait(firstRow(frame))
    else this.#row = this.#row.withFrame(frame)
  }

  /** A binary message, which must not change until the turn is over. */
  sendPayload(payload: Uint8Array): void {
    if (this.#row === null) this.#wait(new FrameRow(null, payload, true))
    else this.#row = this.#row.withPayload(payload)
  }

  #wait(row: FrameRow): void {
    this.#row = row
    if (waiting.length === 0) setImmediate(endTurn)
    waiting.push(this)
  }

  /** Bytes that wait for the end of the turn. */
  get waitingBytes(): number {
    return this.#row === null ? 0 : this.#row.bytes
  }

  flush(): void {
    const row = this.#row
    this.#row = null
    if (row !== null && this.readyState === WebSocket.OPEN) writeRow(row, this.tcp)
  }

  override ping(...given: Parameters<WebSocket['ping']>): void {
    this.flush()
    super.ping(...given)
  }

  override pong(...given: Parameters<WebSocket['pong']>): void {
    this.flush()
    super.pong(...given)
  }

  override close(...given: Parameters<WebSocket['close']>): void {
    this.flush()
    super.close(...given)
  }
}
