import { decodeDeliveryFrame } from '@qsm/contract'
import WebSocket from 'ws'

export interface Receivers {
  readonly received: number
  /** Resolves when so many have come in all. */
  until(count: number): Promise<void>
  close(): void
}

/** A socket for each token that reads and acknowledges all it gets. */
export const openReceivers = async (url: string, tokens: readonly string[]): Promise<Receivers> => {
  let received = 0
  let wake = () => {}
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
    })
  const sockets = await Promise.all(tokens.map(open))
  return {
    get received() {
      return received
    },
    until: count =>
      new Promise(resolve => {
        wake = () => {
          if (received >= count) resolve()
        }
        wake()
      }),
    close: () => {
      for (const socket of sockets) socket.terminate()
    },
  }
}
