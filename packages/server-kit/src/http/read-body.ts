import type { IncomingMessage, ServerResponse } from 'node:http'
import { limits, type RouteContract } from '@qsm/contract'
import getRawBody from 'raw-body'
import { QsmError } from '../errors/qsm-error.js'
import { parseForm, parseJson } from './parse-body.js'

type MediaType = 'json' | 'form' | null

const mediaTypeOf = (header: string | undefined): MediaType => {
  if (header === 'application/json') return 'json'
  if (header === undefined) return null
  const [type = '', ...parameters] = header
    .toLowerCase()
    .split(';')
    .map(part => part.trim())
  const charset = parameters
    .find(parameter => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '')
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') return null
  if (type === 'application/json') return 'json'
  return type === 'application/x-www-form-urlencoded' ? 'form' : null
}

/** Whether a body comes with the request (RFC 9112 section 6.3). */
export const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0

const tooLarge = (maxBytes: number) =>
  new QsmError('body_too_large', `The body is over the limit of ${maxBytes} bytes.`)

const readBytes = async (request: IncomingMessage, response: ServerResponse, maxBytes: number): Promise<Buffer> => {
  const announced = request.headers['content-length']
  // A client that asked first (RFC 9110 section 10.1.1) is told to send only now, when the body is really wanted.
  if (request.headers.expect !== undefined) response.writeContinue()
  try {
    return await getRawBody(request, { limit: maxBytes, ...(announced === undefined ? {} : { length: announced }) })
  } catch (cause) {
    const { type } = cause as { type?: string }
    if (type === 'entity.too.large') throw tooLarge(maxBytes)
    throw new QsmError('bad_request', 'The body ended before its announced length.', { cause })
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const readText = (bytes: Buffer): string => {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new QsmError('bad_request', 'The body is not UTF-8.', { cause })
  }
}

/**
 * The body of a request that has one, as a value; undefined where the route takes none. What is over the route's limit is
 * refused before it is kept, announced or not. Throws `unsupported_media_type`, `body_too_large`,
 * `malformed_json` or `bad_request`.
 */
export const readBody = async (
  request: IncomingMessage,
  response: ServerResponse,
  contract: RouteContract,
): Promise<unknown> => {
  const maxBytes = contract.maxBodyBytes ?? limits.maxBodyBytes
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  if (!contract.body) return undefined
  if (request.headers['content-encoding'] !== undefined) {
    throw new QsmError('unsupported_media_type', 'Compressed bodies are not taken: leave Content-Encoding out.')
  }
  const mediaType = mediaTypeOf(request.headers['content-type'])
  if (mediaType === null || (mediaType === 'form' && contract.form !== true)) {
    const wanted = contract.form ? 'application/json or application/x-www-form-urlencoded' : 'application/json'
    throw new QsmError('unsupported_media_type', `The body must be ${wanted} in UTF-8; Content-Type says otherwise.`)
  }
  const text = readText(await readBytes(request, response, maxBytes))
  return mediaType === 'json' ? parseJson(text) : parseForm(text)
}
