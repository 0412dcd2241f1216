import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type ClientFrameInput, type DeliveryFrame, decodeDeliveryFrame, type ServerFrame } from '@qsm/contract'
import { WebSocket } from 'ws'

/** A frame of the server; binary ones under the type `delivery`. */
export type Received = ServerFrame | ({ readonly type: 'delivery' } & DeliveryFrame)
type ReceivedOf<T extends Received['type']> = Extract<Received, { readonly type: T }>

/** A bare WebSocket of a user, as the contract describes it. */
export interface SocketClient {
  /** All frames so far. */
  readonly frames: readonly Received[]
  /** Resolves with code and reason. */
  readonly closed: Promise<readonly [code: number, reason: string]>
  /** The first frame of a type, of those that were not given out yet. */
  next<T extends Received['type']>(type: T): Promise<ReceivedOf<T>>
  /** Resolves when the frames that have come satisfy this. */
  until(isEnough: (frames: readonly Received[]) => boolean): Promise<void>
  send(frame: ClientFrameInput): void
  sendRaw(data: string | Uint8Array): void
  /** Stops and goes on reading from the network. */
  pause(): void
  resume(): void
  /** Breaks the connection. */
  end(): void
}

export interface OpenOptions {
  readonly token?: string
  /** Offered as subprotocol. */
  readonly ticket?: string
  readonly path?: string
}

const webSocket = (url: string, { token, ticket, path = '/ws' }: OpenOptions): WebSocket => {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const protocols = ticket === undefined ? [] : [`qsm.ticket.${ticket}`]
  return new WebSocket(`${url.replace('http', 'ws')}${path}`, protocols, { headers })
}

/** Opens a socket. Rejects where the upgrade is refused. */
export const openSocketClient = async (url: string, options: OpenOptions): Promise<SocketClient> => {
  const socket = webSocket(url, options)
  const frames: Received[] = []
  const handedOut = new Set<Received>()
  let waiting: (() => boolean)[] = []
  const closed = new Promise<readonly [number, string]>(resolve => {
    socket.on('close', (code, reason) => resolve([code, String(reason)]))
  })
  socket.on('message', (data: Buffer, isBinary) => {
    const frame: Received = isBinary
      ? { type: 'delivery', ...decodeDeliveryFrame(new Uint8Array(data)) }
      : JSON.parse(String(data))
    frames.push(frame)
    waiting = waiting.filter(isDone => !isDone())
  })
  socket.on('error', () => {}) // What broke shows in the code of the close.
  await Promise.race([
    once(socket, 'open'),
    once(socket, 'unexpected-response').then(([, response]) => {
      throw new Error(`the upgrade was answered ${response.statusCode}`)
    }),
  ])
  const until: SocketClient['until'] = isEnough =>
    new Promise(resolve => {
      const isDone = () => {
        if (!isEnough(frames)) return false
        resolve()
        return true
      }
      if (!isDone()) waiting.push(isDone)
    })
  return {
    frames,
    closed,
    until,
    async next<T extends Received['type']>(type: T) {
      const find = () => frames.find((frame): frame is ReceivedOf<T> => frame.type === type && !handedOut.has(frame))
      await until(() => find() !== undefined)
      const frame = find() as ReceivedOf<T>
      handedOut.add(frame)
      return frame
    },
    send: frame => socket.send(JSON.stringify(frame)),
    sendRaw: data => socket.send(data),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.terminate(),
  }
}

/** Status and error of an upgrade that is refused. */
export const refusedUpgrade = async (
  url: string,
  options: OpenOptions,
): Promise<{ readonly status: number; readonly code: string; readonly message: string }> => {
  const [, response] = (await once(webSocket(url, options), 'unexpected-response')) as [unknown, IncomingMessage]
  let text = ''
  for await (const chunk of response) text += chunk
  const { error } = JSON.parse(text)
  return { status: response.statusCode ?? 0, code: error.code, message: error.message }
}
