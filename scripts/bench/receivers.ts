import { decodeDeliveryFrame } from '@qsm/contract'
import WebSocket from 'ws'
import type { PreparedSend } from './people.js'

export interface Receivers {
  /** What is going to be sent: each socket must get what its neighbour before sends, once, in order, byte for byte. */
  expect(sends: readonly PreparedSend[]): void
  /** Resolves when all that was expected has come. Rejects where a socket ends before, or something else has come. */
  until(): Promise<void>
  /** Sends over the sender's socket; resolves with the server's answer. */
  send(send: PreparedSend): Promise<void>
  close(): void
}

/** A socket for each token that reads and acknowledges all it gets, and over which its owner sends. */
export const openReceivers = async (url: string, tokens: readonly string[]): Promise<Receivers> => {
  const expected: PreparedSend[][] = tokens.map(() => [])
  let missing = 0
  let isClosing = false
  let wrong: Error | null = null
  let settle = () => {}
  const answered = new Map<string, { readonly resolve: () => void; readonly reject: (error: Error) => void }>()
  const fail = (text: string) => {
    wrong ??= new Error(text)
    for (const { reject } of answered.values()) reject(wrong)
    settle()
  }
  const takeText = (text: string) => {
    const frame = JSON.parse(text) as { type: string; client_message_id?: string }
    const waiting = answered.get(frame.client_message_id ?? '')
    if (!waiting) return
    answered.delete(frame.client_message_id ?? '')
    if (frame.type === 'sent') waiting.resolve()
    else waiting.reject(new Error(text.slice(0, 300)))
  }
  const takeEnvelope = (person: number, envelope: Uint8Array) => {
    const wanted = expected[person]?.shift()
    const isRight = wanted && Buffer.compare(envelope, wanted.frame.subarray(-envelope.length)) === 0
    if (!isRight) return fail('a message was doubled, out of order, or is another than was sent')
    missing -= 1
    if (missing === 0) settle()
  }
  const open = (token: string, person: number) =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${token}` } })
      let last = 0
      let scheduled = false
      socket.on('message', (data, isBinary) => {
        if (!isBinary) {
          resolve(socket)
          return takeText(String(data))
        }
        const { sequence, envelope } = decodeDeliveryFrame(new Uint8Array(data as Buffer))
        last = sequence
        takeEnvelope(person, envelope)
        if (scheduled) return
        scheduled = true
        setImmediate(() => {
          scheduled = false
          socket.send(JSON.stringify({ type: 'ack', up_to: last }))
        })
      })
      socket.once('error', reject)
      socket.once('close', code => {
        if (!isClosing) fail(`a receiver was closed with ${code}, so its messages are not counted`)
      })
    })
  const sockets = await Promise.all(tokens.map(open))
  return {
    expect(sends) {
      for (const send of sends) expected[(send.sender + 1) % tokens.length]?.push(send)
      missing += sends.length
    },
    until: () =>
      new Promise((resolve, reject) => {
        settle = () => {
          if (wrong) reject(wrong)
          else if (missing === 0) resolve()
        }
        settle()
      }),
    send: ({ sender, messageId, frame }) =>
      new Promise((resolve, reject) => {
        if (wrong) return reject(wrong)
        answered.set(messageId, { resolve, reject })
        sockets[sender]?.send(frame)
      }),
    close: () => {
      isClosing = true
      for (const socket of sockets) socket.terminate()
    },
  }
}
