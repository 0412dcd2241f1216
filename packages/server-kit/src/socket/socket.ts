import type { CloseCode } from '@qsm/contract'
import type { RawData } from 'ws'
import { newId } from '../ids.js'
import type { Logger } from '../log.js'
import { type Framed, frameText } from './framed.js'
import type { Beating } from './heartbeat.js'
import type { TurnSocket } from './turn-socket.js'

type TextHandler = (text: string) => void | Promise<void>
type BinaryHandler = (bytes: Uint8Array) => void | Promise<void>

/** An accepted socket. What is sent within one turn of the event loop leaves in one write. */
export interface Socket {
  /** A UUID of version 7. */
  readonly id: string
  /** Nothing happens where the socket is no longer open. */
  sendText(text: string): void
  /** The bytes must never change: the network may take them later. */
  sendBinary(bytes: Uint8Array): void
  /** What many sockets get is framed once, by `frameText`. */
  sendFramed(frame: Framed): void
  /** Bytes that wait to be taken by the network. */
  readonly bufferedBytes: number
  readonly isOpen: boolean
  /** Says goodbye; who does not answer within 5 s is cut. */
  close(code: CloseCode): void
  /** A handler that fails closes the socket with 1011. Bytes and text are the handler's own. */
  onText(handler: TextHandler): void
  onBinary(handler: BinaryHandler): void
  onClose(handler: (code: number) => void): void
  /** Called when all that waited for the network was taken, after more than a little had to wait. */
  onDrain(handler: () => void): void
  /** Stops and goes on reading from the network. */
  pause(): void
  resume(): void
}

/** What the sockets of a server have in common. */
export interface SharedBySockets {
  readonly log: Logger
  /** Called when a socket is told to close. */
  onGoodbye(code: CloseCode): void
}

const bytesOf = (data: RawData): Uint8Array => {
  if (Array.isArray(data)) return new Uint8Array(Buffer.concat(data))
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** A class, not closures: thousands of idle sockets share its methods. */
class WsSocket implements Socket, Beating {
  readonly id = newId()
  readonly #ws: TurnSocket
  readonly #shared: SharedBySockets
  #heard = true
  #onText: TextHandler = () => {}
  #onBinary: BinaryHandler = () => {}

  constructor(ws: TurnSocket, shared: SharedBySockets) {
    this.#ws = ws
    this.#shared = shared
    ws.on('message', (data, isBinary) => this.#take(data, isBinary))
    ws.on('pong', () => {
      this.#heard = true
    })
  }

  #take(data: RawData, isBinary: boolean): void {
    this.#heard = true
    if (!this.isOpen) return
    try {
      const done = isBinary ? this.#onBinary(bytesOf(data)) : this.#onText(String(data))
      if (done instanceof Promise) done.catch(error => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#shared.log.error({ err: error }, 'a socket handler failed')
    this.#ws.close(1011, 'internal')
  }

  sendText(text: string): void {
    if (this.isOpen) this.#ws.sendFrame(frameText(text).bytes)
  }

  sendBinary(bytes: Uint8Array): void {
    if (this.isOpen) this.#ws.sendPayload(bytes)
  }

  sendFramed({ bytes }: Framed): void {
    if (this.isOpen) this.#ws.sendFrame(bytes)
  }

  get bufferedBytes(): number {
    return this.#ws.bufferedAmount + this.#ws.waitingBytes
  }

  get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN
  }

  close(code: CloseCode): void {
    if (this.isOpen) this.#shared.onGoodbye(code)
    // Who is paused would never see the answer to the goodbye.
    this.#ws.resume()
    this.#ws.close(code.code, code.reason)
  }

  onText(handler: TextHandler): void {
    this.#onText = handler
  }

  onBinary(handler: BinaryHandler): void {
    this.#onBinary = handler
  }

  onClose(handler: (code: number) => void): void {
    this.#ws.on('close', handler)
  }

  onDrain(handler: () => void): void {
    this.#ws.tcp.on('drain', handler)
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  ping(): void {
    // Who does not read is silent by our own doing.
    this.#heard = this.#ws.isPaused
    if (this.isOpen) this.#ws.ping()
  }

  heard(): boolean {
    return this.#heard
  }

  drop(): void {
    this.#ws.terminate()
  }
}

/** Wraps a `ws` socket. */
export const createSocket = (ws: TurnSocket, shared: SharedBySockets): Socket & Beating => new WsSocket(ws, shared)
