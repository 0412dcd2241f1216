import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorCode } from '@qsm/contract'
import type { Clock } from '../clock.js'
import { toErrorAnswer } from '../errors/error-answer.js'
import { QsmError } from '../errors/qsm-error.js'
import { newId } from '../ids.js'

interface Fault {
  readonly line: string
  readonly code: ErrorCode
  readonly message: string
}

const faults: Readonly<Record<string, Fault>> = {
  HPE_HEADER_OVERFLOW: {
    line: '431 Request Header Fields Too Large',
    code: 'bad_request',
    message: 'The request line and headers are over the limit of 16384 bytes.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    line: '408 Request Timeout',
    code: 'bad_request',
    message: 'The request was not complete within its time.',
  },
}
const malformed: Fault = { line: '400 Bad Request', code: 'bad_request', message: 'This is not well-formed HTTP/1.1.' }

/**
 * Answers what never becomes a request (a broken request line, too many headers, one that never ends) in the form of all
 * errors, and lets clients that ask with `Expect: 100-continue` wait until their body is wanted.
 */
export const answerProtocolErrors = (server: Server, clock: Clock): void => {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || (socket as Socket).bytesWritten > 0) {
      socket.destroy()
      return
    }
    const fault = faults[error.code ?? ''] ?? malformed
    const answer = toErrorAnswer(new QsmError(fault.code, fault.message), newId(), new Date(clock.now()))
    const body = JSON.stringify({ ...answer.body, status_code: Number(fault.line.slice(0, 3)) })
    const head = `HTTP/1.1 ${fault.line}\r\nContent-Type: application/json; charset=utf-8\r\n`
    socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
  })
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
}
