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
import { createInflow, type Inflow } from './inflow.js'

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

/** Takes the frames of one socket. A class, since a socket that is idle pays for every closure. */
class FrameTaker {
  readonly #handling: FrameHandling
  readonly #inflow: Inflow
  #second = 0
  #count = 0

  constructor(handling: FrameHandling) {
    this.#handling = handling
    this.#inflow = createInflow(handling.socket)
  }

  text(text: string): Promise<void> | undefined {
    return this.#isTooFast() ? undefined : this.#inflow.run(text.length, () => this.#takeText(text))
  }

  binary(bytes: Uint8Array): Promise<void> | undefined {
    return this.#isTooFast() ? undefined : this.#inflow.run(bytes.length, () => this.#takeBinary(bytes))
  }

  #isTooFast(): boolean {
    const now = Math.floor(performance.now() / 1000)
    if (now !== this.#second) {
      this.#second = now
      this.#count = 0
    }
    this.#count += 1
    if (this.#count <= framesPerSecond) return false
    this.#handling.socket.close(closeCodes.tooFast)
    return true
  }

  #fail(thrown: unknown, clientMessageId?: string) {
    const error = toQsmError(thrown)
    if (error.code === 'internal') this.#handling.onInternal(thrown)
    write(this.#handling.socket, {
      type: 'error',
      ...(clientMessageId === undefined ? {} : { client_message_id: clientMessageId }),
      error: errorObject(error, newId()) as never,
    })
  }

  #refuse(message: string) {
    this.#fail(new QsmError('bad_request', message))
    this.#handling.socket.close(closeCodes.badFrame)
  }

  #requireDevice(): DeviceAddress {
    const { address } = this.#handling
    if (!address) throw new QsmError('device_required')
    return address
  }

  async #send(messageId: string, envelopes: readonly Uint8Array[], body: Uint8Array | null) {
    try {
      const { devices } = await traceSend(this.#handling.tracing, traced, traceparent =>
        this.#handling.send({ sender: this.#requireDevice(), messageId, envelopes, body, traceparent }),
      )
      write(this.#handling.socket, {
        type: 'sent',
        client_message_id: messageId,
        message_id: messageId,
        devices: [...devices],
      })
    } catch (error) {
      this.#fail(error, messageId)
    }
  }

  async #acknowledge(upTo: number) {
    try {
      if (this.#handling.thin) return await this.#handling.thin.acknowledge(upTo)
      await this.#handling.mailboxes.acknowledge({ ...this.#requireDevice(), upTo })
      this.#handling.delivery.acknowledged(upTo)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #sendReadable(frame: ReadableSend) {
    const { thin, tracing, socket } = this.#handling
    try {
      if (!thin) throw new QsmError('conflict', 'This socket is that of an end-to-end device: send sealed envelopes.')
      const { type: _, ...body } = frame
      const sent = await traceSend(tracing, traced, traceparent => thin.send(body, traceparent))
      write(socket, { type: 'sent', client_message_id: frame.client_message_id, ...sent })
    } catch (error) {
      this.#fail(error, frame.client_message_id)
    }
  }

  async #giveReceipt({ recipient, kind, message_id }: FrameOf<'receipt'>) {
    const { thin } = this.#handling
    try {
      if (!thin) throw new QsmError('conflict', 'An end-to-end device seals its receipts itself.')
      await thin.receipt(recipient, kind, message_id)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #takeText(text: string): Promise<void> {
    let value: { readonly type?: unknown } | null
    try {
      value = parseJson(text) as typeof value
    } catch (error) {
      return this.#refuse(`frame: ${toQsmError(error).message}`)
    }
    const type = String(value?.type) as keyof typeof clientFrames
    if (!Object.hasOwn(clientFrames, type))
      return this.#refuse(`frame: type must be ${Object.keys(clientFrames).join(', ')}`)
    const parsed = clientFrames[type].safeParse(value)
    if (!parsed.success) {
      const { message, field } = explainIssues(parsed.error.issues, 'frame')
      const id = (value as { client_message_id?: unknown }).client_message_id
      return this.#fail(
        new QsmError('validation_failed', message, { details: { field } }),
        typeof id === 'string' ? id.slice(0, 64) : undefined,
      )
    }
    const frame = parsed.data
    if (frame.type === 'ack') return this.#acknowledge(frame.up_to)
    if (frame.type === 'ping') return write(this.#handling.socket, { type: 'pong', reference: frame.reference })
    if (frame.type === 'send' && 'envelopes' in frame) {
      return this.#send(
        frame.client_message_id,
        frame.envelopes.map(decodeBase64),
        frame.body === undefined ? null : decodeBase64(frame.body),
      )
    }
    if (frame.type === 'send') return this.#sendReadable(frame)
    if (frame.type === 'receipt') return this.#giveReceipt(frame)
    return this.#handling.typing(frame).catch(error => this.#fail(error))
  }

  async #takeBinary(bytes: Uint8Array): Promise<void> {
    let frame: SendFrame
    try {
      frame = decodeSendFrame(bytes)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      const id = clientMessageIdOf(bytes)
      if (!id) return this.#refuse(`frame: ${error.message}`)
      return this.#fail(
        new QsmError('validation_failed', error.message, { details: { field: error.field } }),
        idFromBytes(id),
      )
    }
    return this.#send(idFromBytes(frame.clientMessageId), frame.envelopes, frame.body)
  }
}

/**
 * Sets the handlers for what a client sends. A send that does not fit is answered like one by REST; a frame that is none is
 * answered, then the socket is closed.
 */
export const handleFrames = (handling: FrameHandling): void => {
  const taker = new FrameTaker(handling)
  handling.socket.onText(text => taker.text(text))
  handling.socket.onBinary(bytes => taker.binary(bytes))
}
