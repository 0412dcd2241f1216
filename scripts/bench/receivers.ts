import { decodeDeliveryFrame } from '@qsm/contract'
import WebSocket from 'ws'
import type { PreparedSend } from './people.js'

export interface Receivers {
  readonly received: number
  /** Resolves when so many have come in all. Throws where a socket ends before. */
  until(count: number): Promise<void>
  /** Sends over the sender's socket; resolves with the server's answer. */
  send(send: PreparedSend): Promise<void>
  close(): void
}

/** A socket for each token that reads and acknowledges all it gets, and over which its owner sends. */
export const openReceivers = async (url: string, tokens: readonly string[]): Promise<Receivers> => {
  let received = 0
  let isClosing = false
  let wake = () => {}
  let lost: Error | null = null
  let fail = (_error: Error) => {}
  const answered = new Map<string, { readonly resolve: () => void; readonly reject: (error: Error) => void }>()
  const takeText = (text: string) => {
    const frame = JSON.parse(text) as { type: string; client_message_id?: string }
    const waiting = answered.get(frame.client_message_id ?? '')
    if (!waiting) return
    answered.delete(frame.client_message_id ?? '')
    if (frame.type === 'sent') waiting.resolve()
    else waiting.reject(new Error(text.slice(0, 300)))
  }
  const open = (token: string) =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${token}` } })
      let last = 0
      let scheduled = false
      socket.on('message', (data, isBinary) => {
        if (!isBinary) {
          resolve(socket)
          return takeText(String(data))
        }
        last = decodeDeliveryFrame(new Uint8Array(data as Buffer)).sequence
        received += 1
        wake()
        if (scheduled) return
        scheduled = true
        setImmediate(() => {
          scheduled = false
          socket.send(JSON.stringify({ type: 'ack', up_to: last }))
        })
      })
      socket.once('error', reject)
      socket.once('close', code => {
        if (isClosing) return
        lost = new Error(`a receiver was closed with ${code}, so its messages are not counted`)
        fail(lost)
        for (const { reject } of answered.values()) reject(lost)
      })
    })
  const sockets = await Promise.all(tokens.map(open))
  return {
    get received() {
      return received
    },
    until: count =>
      new Promise((resolve, reject) => {
        if (lost) return reject(lost)
        fail = reject
        wake = () => {
          if (received >= count) resolve()
        }
        wake()
      }),
    send: ({ sender, messageId, frame }) =>
      new Promise((resolve, reject) => {
        if (lost) return reject(lost)
        answered.set(messageId, { resolve, reject })
        sockets[sender]?.send(frame)
      }),
    close: () => {
      isClosing = true
      for (const socket of sockets) socket.terminate()
    },
  }
}
