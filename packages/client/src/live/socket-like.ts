import { QsmClientError } from '../errors.js'

/** The part of a WebSocket that is used here; that of browsers and that of `ws` both have it. */
export interface SocketLike {
  binaryType: string
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null
  onerror: ((event: never) => void) | null
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number): void
}

/** How a socket proves whose it is: by a header where the platform can send one, else by a ticket as subprotocol. */
export interface SocketCredentials {
  accessToken(): Promise<string>
  ticket(): Promise<string>
}

/**
 * Opens a socket; resolves when it is open, and before its first message is handed out. Throws `unreachable`,
 * `not_logged_in` where the server refuses, `no_websocket` where the platform has none. The signal gives the opening up.
 */
export type OpenSocket = (url: string, credentials: SocketCredentials, signal: AbortSignal) => Promise<SocketLike>

interface PlatformSocket extends SocketLike {
  onopen: (() => void) | null
}

const openTimeoutMs = 15_000

/** The WebSocket of the platform (browsers, Node from 22 on), with a ticket. */
export const platformSocket: OpenSocket = async (url, { ticket }, signal) => {
  const Platform = (globalThis as { WebSocket?: new (url: string, protocols: string[]) => PlatformSocket }).WebSocket
  if (!Platform) throw new QsmClientError('no_websocket', 'This platform has no WebSocket: the server is polled.')
  const socket = new Platform(url, [`qsm.ticket.${await ticket()}`])
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
    const fail = () => {
      settle()
      reject(new QsmClientError('unreachable', 'The server does not open a socket.'))
    }
    const giveUp = () => {
      socket.close()
      fail()
    }
    const timer = setTimeout(giveUp, openTimeoutMs)
    signal.addEventListener('abort', giveUp)
    socket.onerror = fail
    socket.onclose = fail
    socket.onopen = () => {
      settle()
      resolve(socket)
    }
  })
}
