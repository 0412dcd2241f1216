import { type OpenSocket, QsmClientError, type SocketLike } from '@qsm/client'
import WebSocket from 'ws'

const handshakeTimeoutMs = 15_000

/** A socket with the token in its `Authorization` header. Throws `not_logged_in` where the server refuses the token. */
export const nodeSocket: OpenSocket = async (url, { token }) => {
  const socket = new WebSocket(url, {
    headers: { Authorization: `Bearer ${await token()}` },
    handshakeTimeout: handshakeTimeoutMs,
    perMessageDeflate: false,
  })
  return new Promise<SocketLike>((resolve, reject) => {
    // Frames that come with the handshake wait until the handlers stand.
    socket.once('upgrade', () => {
      socket.pause()
      resolve(socket as unknown as SocketLike)
      setImmediate(() => socket.resume())
    })
    socket.once('unexpected-response', (request, response) => {
      const { statusCode = 0 } = response
      request.destroy()
      const isRefused = statusCode === 401 || statusCode === 403
      const text = isRefused ? 'The login session is over: log in again.' : `The server answered ${statusCode} to the socket.`
      reject(new QsmClientError(isRefused ? 'not_logged_in' : 'unreachable', text, { status: statusCode }))
    })
    socket.on('error', cause => reject(new QsmClientError('unreachable', 'The server does not answer.', { cause })))
  })
}
