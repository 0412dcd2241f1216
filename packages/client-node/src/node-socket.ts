import { type OpenSocket, QsmClientError, type SocketLike } from '@qsm/client'
import WebSocket from 'ws'

const handshakeTimeoutMs = 15_000
const closeTimeoutMs = 2_000

const refusal = (status: number, retryAfter: string | undefined): QsmClientError => {
  if (status === 401) return new QsmClientError('unauthorized', 'The server refuses the token.', { status })
  const seconds = Number(retryAfter ?? Number.NaN)
  const details = Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1_000 } : {}
  return new QsmClientError('unreachable', `The server answered ${status} to the socket. It is tried again.`, {
    details,
  })
}

/** As browsers have it; and does not keep the process for a server that does not answer to the closing. */
const toSocketLike = (socket: WebSocket): SocketLike => {
  const close = socket.close.bind(socket)
  socket.close = code => {
    close(code)
    setTimeout(() => socket.terminate(), closeTimeoutMs).unref()
  }
  return socket as unknown as SocketLike
}

/** A socket that shows the access token in its `Authorization` header. Throws `unauthorized`, `unreachable`. */
export const nodeSocket: OpenSocket = async (url, { accessToken }, signal) => {
  const socket = new WebSocket(url, {
    headers: { Authorization: `Bearer ${await accessToken()}` },
    handshakeTimeout: handshakeTimeoutMs,
    maxPayload: 8_388_608,
    perMessageDeflate: false,
  })
  return new Promise<SocketLike>((resolve, reject) => {
    const giveUp = () => socket.terminate()
    const fail = (error: QsmClientError) => {
      signal.removeEventListener('abort', giveUp)
      reject(error)
    }
    signal.addEventListener('abort', giveUp)
    // Frames that come with the handshake wait until the handlers stand.
    socket.once('open', () => {
      signal.removeEventListener('abort', giveUp)
      socket.pause()
      resolve(toSocketLike(socket))
      setImmediate(() => socket.resume())
    })
    socket.once('unexpected-response', (request, response) => {
      request.destroy()
      fail(refusal(response.statusCode ?? 0, response.headers['retry-after']))
    })
    // Stays: an error after the opening is followed by `close`.
    socket.on('error', cause => fail(new QsmClientError('unreachable', 'The server does not answer.', { cause })))
    if (signal.aborted) giveUp()
  })
}
