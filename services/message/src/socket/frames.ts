import {
  type ClientFrame,
  clientFrames,
  clientMessageIdOf,
  closeCodes,
  decodeBase64,
  decodeSendFrame,
  explainIssues,
  FrameError,
  type SendFrame,
  type ServerFrame,
} from '@qsm/contract'
import {
  errorObject,
  idFromBytes,
  newId,
  parseJson,
  QsmError,
  type Socket,
  type Tracing,
  toQsmError,
} from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import type { Mailboxes } from '../mailbox/mailbox.js'
import type { Send } from '../send/send.js'
import { traceSend } from '../send/trace-send.js'
import type { ThinSendBody } from '../thin/send-memory.js'
import type { Thin } from '../thin/thin.js'
import type { Delivery } from './delivery.js'
import { createInflow } from './inflow.js'

const framesPerSecond = 1_000
/** A frame names no span of its client, and the upgrade is no parent: a socket outlives every trace. */
const traced = { route: '/ws', traceparent: null }

type FrameOf<T extends ClientFrame['type']> = Extract<ClientFrame, { readonly type: T }>
type ReadableSend = Exclude<FrameOf<'send'>, { readonly envelopes: unknown }>

/** The frames of a thin client, for its user. */
export interface ThinFrames {
  send(body: ThinSendBody, traceparent: string | null): ReturnType<Thin['send']>
  acknowledge(upTo: number): Promise<void>
  receipt(username: string, kind: 'delivered' | 'read', messageId: string): Promise<void>
}

export interface FrameHandling {
  readonly socket: Socket
  readonly address: DeviceAddress | null
  readonly send: Send
  readonly tracing: Tracing | null
  readonly mailboxes: Mailboxes
  readonly delivery: Delivery
  /** What a thin client does; null for the socket of an end-to-end device. */
  readonly thin: ThinFrames | null
  readonly typing: (frame: FrameOf<'typing'>) => Promise<void>
  readonly onInternal: (error: unknown) => void
}

const write = (socket: Socket, frame: ServerFrame): void => {
  if (socket.isOpen) socket.sendText(JSON.stringify(frame))
}

/**
 * Sets the handlers for what a client sends. A send that does not fit is answered like one by REST; a frame that is none is
 * answered, then the socket is closed.
 */
export const handleFrames = (handling: FrameHandling): void => {
  const { socket, address, mailboxes, delivery, thin } = handling
  let second = 0
  let count = 0

  const isTooFast = (): boolean => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) {
      second = now
      count = 0
    }
    count += 1
    if (count <= framesPerSecond) return false
    socket.close(closeCodes.tooFast)
    return true
  }
  const fail = (thrown: unknown, clientMessageId?: string) => {
    const error = toQsmError(thrown)
    if (error.code === 'internal') handling.onInternal(thrown)
    write(socket, {
      type: 'error',
      ...(clientMessageId === undefined ? {} : { client_message_id: clientMessageId }),
      error: errorObject(error, newId()) as never,
    })
  }
  const refuse = (message: string) => {
    fail(new QsmError('bad_request', message))
    socket.close(closeCodes.badFrame)
  }
  const requireDevice = (): DeviceAddress => {
    if (!address) throw new QsmError('device_required')
    return address
  }
  const send = async (messageId: string, envelopes: readonly Uint8Array[], body: Uint8Array | null) => {
    try {
      const { devices } = await traceSend(handling.tracing, traced, traceparent =>
        handling.send({ sender: requireDevice(), messageId, envelopes, body, traceparent }),
      )
      write(socket, { type: 'sent', client_message_id: messageId, message_id: messageId, devices: [...devices] })
    } catch (error) {
      fail(error, messageId)
    }
  }
  const acknowledge = async (upTo: number) => {
    try {
      if (thin) return await thin.acknowledge(upTo)
      await mailboxes.acknowledge({ ...requireDevice(), upTo })
      delivery.acknowledged(upTo)
    } catch (error) {
      fail(error)
    }
  }

  const sendReadable = async (frame: ReadableSend) => {
    try {
      if (!thin) throw new QsmError('conflict', 'This socket is that of an end-to-end device: send sealed envelopes.')
      const { type: _, ...body } = frame
      const sent = await traceSend(handling.tracing, traced, traceparent => thin.send(body, traceparent))
      write(socket, { type: 'sent', client_message_id: frame.client_message_id, ...sent })
    } catch (error) {
      fail(error, frame.client_message_id)
    }
  }
  const giveReceipt = async ({ recipient, kind, message_id }: FrameOf<'receipt'>) => {
    try {
      if (!thin) throw new QsmError('conflict', 'An end-to-end device seals its receipts itself.')
      await thin.receipt(recipient, kind, message_id)
    } catch (error) {
      fail(error)
    }
  }

  const takeText = async (text: string): Promise<void> => {
    let value: { readonly type?: unknown } | null
    try {
      value = parseJson(text) as typeof value
    } catch (error) {
      return refuse(`frame: ${toQsmError(error).message}`)
    }
    const type = String(value?.type) as keyof typeof clientFrames
    if (!Object.hasOwn(clientFrames, type)) return refuse(`frame: type must be ${Object.keys(clientFrames).join(', ')}`)
    const parsed = clientFrames[type].safeParse(value)
    if (!parsed.success) {
      const { message, field } = explainIssues(parsed.error.issues, 'frame')
      const id = (value as { client_message_id?: unknown }).client_message_id
      return fail(
        new QsmError('validation_failed', message, { details: { field } }),
        typeof id === 'string' ? id.slice(0, 64) : undefined,
      )
    }
    const frame = parsed.data
    if (frame.type === 'ack') return acknowledge(frame.up_to)
    if (frame.type === 'ping') return write(socket, { type: 'pong', reference: frame.reference })
    if (frame.type === 'send' && 'envelopes' in frame) {
      return send(
        frame.client_message_id,
        frame.envelopes.map(decodeBase64),
        frame.body === undefined ? null : decodeBase64(frame.body),
      )
    }
    if (frame.type === 'send') return sendReadable(frame)
    if (frame.type === 'receipt') return giveReceipt(frame)
    return handling.typing(frame).catch(error => fail(error))
  }
  const takeBinary = async (bytes: Uint8Array): Promise<void> => {
    let frame: SendFrame
    try {
      frame = decodeSendFrame(bytes)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      const id = clientMessageIdOf(bytes)
      if (!id) return refuse(`frame: ${error.message}`)
      return fail(
        new QsmError('validation_failed', error.message, { details: { field: error.field } }),
        idFromBytes(id),
      )
    }
    return send(idFromBytes(frame.clientMessageId), frame.envelopes, frame.body)
  }
  const inflow = createInflow(socket)
  socket.onText(text => (isTooFast() ? undefined : inflow.run(text.length, () => takeText(text))))
  socket.onBinary(bytes => (isTooFast() ? undefined : inflow.run(bytes.length, () => takeBinary(bytes))))
}
