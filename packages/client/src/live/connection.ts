import {
  binaryFrameType,
  type ClientFrameInput,
  decodeDeliveryFrame,
  encodeSendFrame,
  errorCatalogue,
  parseServerFrame,
  type ServerFrame,
} from '@qsm/contract'
import { QsmClientError, unreachable } from '../errors.js'
import { idToBytes } from '../ids.js'
import type { Delivered } from '../receive/delivered.js'
import type { Outgoing } from '../send/outbox.js'
import type { SocketLike } from './socket-like.js'

type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { readonly type: T }>

export interface ConnectionEvents {
  readonly onReady: (frame: FrameOf<'ready'>) => Promise<void>
  /** Keeps envelopes; returns up to which number they may be acknowledged. */
  readonly onDelivered: (batch: readonly Delivered[]) => Promise<number>
  readonly onFrame: (frame: ServerFrame) => void
  /** Something could not be kept, or the server sent what is not understood. */
  readonly onFault: (error: unknown) => void
}

export interface Closed {
  readonly code: number
  readonly reason: string
}

/** One open socket: frames in order, answers to sends, and a watch for a peer that is dead. */
export interface Connection {
  readonly closed: Promise<Closed>
  acknowledge(upTo: number): void
  /** Resolves when the server has stored the message. */
  post(outgoing: Pick<Outgoing, 'messageId' | 'envelopes' | 'body'>): Promise<void>
  close(): void
}

const maxBatch = 50
const answerTimeoutMs = 15_000
/** The server pings below what scripts see; so silence is broken by a frame of ours. */
const pingAfterMs = 25_000
const deadAfterMs = 20_000
const brokenCode = 1006

const frameError = ({ error }: FrameOf<'error'>): QsmClientError => {
  const { code, message, ...details } = error
  const status = Object.hasOwn(errorCatalogue, code) ? errorCatalogue[code as keyof typeof errorCatalogue].status : 400
  return new QsmClientError(code, message, { status, details })
}

export const runConnection = (socket: SocketLike, events: ConnectionEvents): Connection => {
  const queue: (FrameOf<'ready'> | Delivered)[] = []
  const answers = new Map<string, (error: Error | null) => void>()
  let pumping = false
  let isClosed = false
  let watch: ReturnType<typeof setTimeout> | undefined
  let resolveClosed: (closed: Closed) => void = () => {}
  const closed = new Promise<Closed>(resolve => {
    resolveClosed = resolve
  })

  const end = (info: Closed) => {
    if (isClosed) return
    isClosed = true
    clearTimeout(watch)
    queue.length = 0
    for (const answer of answers.values()) answer(unreachable('The connection was lost before the server answered.'))
    resolveClosed(info)
  }
  const breakOff = (reason: string) => {
    socket.close()
    end({ code: brokenCode, reason })
  }
  const write = (frame: ClientFrameInput) => {
    if (!isClosed) socket.send(JSON.stringify(frame))
  }
  const seen = () => {
    clearTimeout(watch)
    watch = setTimeout(() => {
      write({ type: 'ping' })
      watch = setTimeout(() => breakOff('the server is silent'), deadAfterMs)
    }, pingAfterMs)
  }

  const pump = async (): Promise<void> => {
    if (pumping) return
    pumping = true
    try {
      for (let first = queue[0]; first !== undefined; first = queue[0]) {
        if ('type' in first) {
          queue.shift()
          await events.onReady(first)
          continue
        }
        const nextReady = queue.findIndex(entry => 'type' in entry)
        const batch = queue.splice(0, Math.min(maxBatch, nextReady < 0 ? queue.length : nextReady)) as Delivered[]
        write({ type: 'ack', up_to: await events.onDelivered(batch) })
      }
    } catch (error) {
      // What cannot be kept now (a full disk) is not acknowledged: the server hands it out again.
      events.onFault(error)
      breakOff('what came could not be kept')
    } finally {
      pumping = false
    }
  }

  const takeText = (text: string) => {
    const frame = parseServerFrame(JSON.parse(text))
    if (!frame) return
    if (frame.type === 'ready') {
      queue.push(frame)
      return void pump()
    }
    if (frame.type === 'sent') return answers.get(frame.client_message_id)?.(null)
    if (frame.type === 'error') {
      const answer = frame.client_message_id === undefined ? undefined : answers.get(frame.client_message_id)
      return answer ? answer(frameError(frame)) : events.onFault(frameError(frame))
    }
    events.onFrame(frame)
  }
  const takeBinary = (bytes: Uint8Array) => {
    // A newer server may send other kinds.
    if (bytes[0] !== binaryFrameType.delivery) return
    queue.push(decodeDeliveryFrame(bytes))
    void pump()
  }

  socket.binaryType = 'arraybuffer'
  socket.onmessage = ({ data }) => {
    if (isClosed) return
    seen()
    try {
      if (typeof data === 'string') takeText(data)
      else takeBinary(new Uint8Array(data as ArrayBuffer))
    } catch (error) {
      events.onFault(error)
      breakOff('a frame is not understood')
    }
  }
  socket.onerror = () => {} // A close event follows.
  socket.onclose = end
  seen()

  return {
    closed,
    acknowledge: upTo => write({ type: 'ack', up_to: upTo }),
    post: ({ messageId, envelopes, body }) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => answer(unreachable('The server did not answer in time.')), answerTimeoutMs)
        const answer = (error: Error | null) => {
          clearTimeout(timer)
          answers.delete(messageId)
          if (error) reject(error)
          else resolve()
        }
        answers.set(messageId, answer)
        if (isClosed) return answer(unreachable('The connection was lost.'))
        socket.send(encodeSendFrame({ clientMessageId: idToBytes(messageId), body, envelopes }))
      }),
    close() {
      socket.close(1000)
      end({ code: 1000, reason: 'closed' })
    },
  }
}
