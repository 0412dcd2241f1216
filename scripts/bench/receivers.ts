import { decodeDeliveryFrame } from '@qsm/contract'
import WebSocket from 'ws'

export interface Receivers {
  readonly received: number
  /** Resolves when so many have come in all. Throws where a socket ends before. */
  until(count: number): Promise<void>
  close(): void
}

/** A socket for each token that reads and acknowledges all it gets. */
export const openReceivers = async (url: string, tokens: readonly string[]): Promise<Receivers> => {
  let received = 0
  let isClosing = false
  let wake = () => {}
  let lost: Error | null = null
  let fail = (_error: Error) => {}
  const open = (token: string) =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${token}` } })
      let last = 0
      let scheduled = false
      socket.on('message', (data, isBinary) => {
        if (!isBinary) {
          resolve(socket)
          return
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
    close: () => {
      isClosing = true
      for (const socket of sockets) socket.terminate()
    },
  }
}
