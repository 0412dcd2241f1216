import WebSocket from 'ws'
import type { RunningQsm } from '../../qsm-server.js'

/** Sockets that only stand, one for each token; their people are seen to come and go. */
export interface IdleSockets {
  /** Closes one and opens it anew. */
  replace(index: number): Promise<void>
  close(): void
}

export const openIdleSockets = async (qsm: RunningQsm, tokens: readonly string[]): Promise<IdleSockets> => {
  const open = (token: string): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${qsm.url.replace('http', 'ws')}/ws`, {
        headers: { authorization: `Bearer ${token}` },
      })
      socket.once('message', () => resolve(socket))
      socket.once('error', reject)
    })
  const sockets = await Promise.all(tokens.map(open))
  return {
    async replace(index) {
      const at = index % sockets.length
      const before = sockets[at] as WebSocket
      const closed = new Promise(resolve => before.once('close', resolve))
      before.close()
      await closed
      sockets[at] = await open(tokens[at] as string)
    },
    close() {
      for (const socket of sockets) socket.terminate()
    },
  }
}
