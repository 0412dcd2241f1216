import { type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../clock.js'
import { toErrorAnswer } from '../errors/error-answer.js'
import { QsmError } from '../errors/qsm-error.js'
import { newId } from '../ids.js'

const faults: Readonly<Record<string, QsmError>> = {
  HPE_HEADER_OVERFLOW: new QsmError('headers_too_large'),
  ERR_HTTP_REQUEST_TIMEOUT: new QsmError('request_timeout'),
}
const malformed = new QsmError('bad_request', 'This is not well-formed HTTP/1.1.')

/**
 * Answers what never becomes a request (a broken request line, too many headers, one that never ends) in the form of all
 * errors, and lets clients that ask with `Expect: 100-continue` wait until their body is wanted.
 */
export const answerProtocolErrors = (server: Server, clock: Clock): void => {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Into an answer that is under way nothing may be written.
    const answering = (socket as Socket & { _httpMessage?: object | null })._httpMessage
    if (error.code === 'ECONNRESET' || !socket.writable || answering) {
      socket.destroy()
      return
    }
    const fault = faults[error.code ?? ''] ?? malformed
    const answer = toErrorAnswer(fault, newId(), new Date(clock.now()))
    const body = JSON.stringify(answer.body)
    const head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\nContent-Type: application/json; charset=utf-8\r\n`
    socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
  })
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
}
