import { randomUUID } from 'node:crypto'
import type { Socket as TcpSocket } from 'node:net'
import { type CloseCode, limits } from '@qsm/contract'
import type { RawData, WebSocket } from 'ws'
import type { Logger } from '../log.js'

/** An accepted socket. What is sent within one turn of the event loop leaves in one write. */
export interface Socket {
  readonly id: string
  sendText(text: string): void
  sendBinary(bytes: Uint8Array): void
  /** Bytes that wait to be taken by the network. */
  readonly bufferedBytes: number
  readonly isOpen: boolean
  close(code: CloseCode): void
  onText(handler: (text: string) => void | Promise<void>): void
  onBinary(handler: (bytes: Uint8Array) => void | Promise<void>): void
  onClose(handler: () => void): void
  /** Stops and goes on reading from the network. */
  pause(): void
  resume(): void
}

const closeTimeoutMs = 5_000
const checkIntervalMs = 2_500

const bytesOf = (data: RawData): Uint8Array => {
  if (Array.isArray(data)) return new Uint8Array(Buffer.concat(data))
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** One timer for all sockets of the process: a ping each 25 s, and an end for those that did not answer. */
const watched = new Set<{ check(): void }>()
let timer: NodeJS.Timeout | null = null

const watch = (entry: { check(): void }): (() => void) => {
  watched.add(entry)
  timer ??= setInterval(() => {
    for (const one of watched) one.check()
  }, checkIntervalMs).unref()
  return () => {
    watched.delete(entry)
    if (watched.size === 0 && timer) {
      clearInterval(timer)
      timer = null
    }
  }
}

/** Wraps a `ws` socket. Handler errors close it with 1011 and never end the process. */
export const createSocket = (webSocket: WebSocket, log: Logger): Socket => {
  const id = randomUUID()
  const tcp = (webSocket as unknown as { _socket: TcpSocket })._socket
  let corked = false
  let onText: (text: string) => void | Promise<void> = () => {}
  let onBinary: (bytes: Uint8Array) => void | Promise<void> = () => {}
  let lastSeen = performance.now()
  let pinged = false

  const uncork = () => {
    corked = false
    tcp.uncork()
  }
  const cork = () => {
    if (corked) return
    corked = true
    tcp.cork()
    process.nextTick(() => setImmediate(uncork))
  }
  const fail = (error: unknown) => {
    log.error({ err: error }, 'a socket handler failed')
    webSocket.close(1011, 'internal')
  }
  const seen = () => {
    lastSeen = performance.now()
    pinged = false
  }

  webSocket.on('message', (data, isBinary) => {
    seen()
    try {
      const result = isBinary ? onBinary(bytesOf(data)) : onText(data.toString())
      if (result instanceof Promise) result.catch(fail)
    } catch (error) {
      fail(error)
    }
  })
  webSocket.on('pong', seen)
  webSocket.on('ping', seen)
  const unwatch = watch({
    check() {
      const silentMs = performance.now() - lastSeen
      if (silentMs >= limits.deadPeerMs - checkIntervalMs) webSocket.terminate()
      else if (!pinged && silentMs >= limits.pingIntervalMs - checkIntervalMs) {
        pinged = true
        webSocket.ping()
      }
    },
  })
  webSocket.on('close', unwatch)

  return {
    id,
    sendText(text) {
      cork()
      webSocket.send(text)
    },
    sendBinary(bytes) {
      cork()
      webSocket.send(bytes, { binary: true })
    },
    get bufferedBytes() {
      return webSocket.bufferedAmount
    },
    get isOpen() {
      return webSocket.readyState === webSocket.OPEN
    },
    close(code) {
      webSocket.close(code.code, code.reason)
      setTimeout(() => webSocket.terminate(), closeTimeoutMs).unref()
    },
    onText(handler) {
      onText = handler
    },
    onBinary(handler) {
      onBinary = handler
    },
    onClose(handler) {
      webSocket.on('close', handler)
    },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  }
}
