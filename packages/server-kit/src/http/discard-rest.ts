import type { IncomingMessage, ServerResponse } from 'node:http'

const maxDiscardedBytes = 16_777_216
const maxDiscardMs = 5_000

/**
 * Lets a client that still sends a refused body read the answer: what comes is thrown away, up to 16 MiB or 5 s, then the
 * connection is cut. Closing at once would reset the connection, and the client would see no answer at all. To be called
 * before the answer is written.
 */
export const discardRest = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.complete || request.destroyed) return
  // Who waits for `100 Continue` sends no body now, so what comes next would be taken for it.
  if (request.headers.expect !== undefined) response.setHeader('Connection', 'close')
  let discarded = 0
  const cut = () => request.socket.destroy()
  const timer = setTimeout(cut, maxDiscardMs)
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length
    if (discarded > maxDiscardedBytes && response.writableFinished) cut()
  })
  request.on('error', () => {}) // The client went away: nothing is left to do.
  request.on('close', () => clearTimeout(timer))
  request.on('end', () => clearTimeout(timer))
  request.resume()
}
