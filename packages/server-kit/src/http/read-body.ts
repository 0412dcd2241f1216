import type { IncomingMessage } from 'node:http'
import { limits, type RouteContract } from '@qsm/contract'
import getRawBody from 'raw-body'
import { QsmError } from '../errors/qsm-error.js'
import { parseForm, parseJson } from './parse-body.js'

type MediaType = 'json' | 'form' | null

const mediaTypeOf = (request: IncomingMessage): MediaType => {
  const header = request.headers['content-type']
  if (header === undefined) return null
  const [type = '', ...parameters] = header.toLowerCase().split(';').map(part => part.trim())
  const charset = parameters.find(parameter => parameter.startsWith('charset='))?.slice('charset='.length).replaceAll('"', '')
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') return null
  if (type === 'application/json') return 'json'
  return type === 'application/x-www-form-urlencoded' ? 'form' : null
}

const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0

const tooLarge = (maxBytes: number) => new QsmError('body_too_large', `The body is over the limit of ${maxBytes} bytes.`)

const readBytes = async (request: IncomingMessage, maxBytes: number): Promise<Buffer> => {
  const announced = request.headers['content-length']
  if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge(maxBytes)
  try {
    return await getRawBody(request, { limit: maxBytes, ...(announced === undefined ? {} : { length: announced }) })
  } catch (cause) {
    const { type } = cause as { type?: string }
    if (type === 'entity.too.large') throw tooLarge(maxBytes)
    throw new QsmError('bad_request', 'The body ended before its announced length.', { cause })
  }
}

/**
 * The body of a request as a value, or undefined where there is none. Bytes over the route's limit are refused before
 * they are kept. Throws `unsupported_media_type`, `body_too_large`, `malformed_json` or `bad_request`.
 */
export const readBody = async (request: IncomingMessage, contract: RouteContract): Promise<unknown> => {
  if (!hasBody(request)) return undefined
  const wanted = contract.form ? 'application/json or application/x-www-form-urlencoded' : 'application/json'
  if (request.headers['content-encoding'] !== undefined) {
    throw new QsmError('unsupported_media_type', 'Compressed bodies are not taken: leave Content-Encoding out.')
  }
  const mediaType = mediaTypeOf(request)
  if (mediaType === null || (mediaType === 'form' && contract.form !== true)) {
    throw new QsmError('unsupported_media_type', `The body must be ${wanted} in UTF-8; Content-Type says otherwise.`)
  }
  const bytes = await readBytes(request, contract.maxBodyBytes ?? limits.maxBodyBytes)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new QsmError('bad_request', 'The body is not UTF-8.', { cause })
  }
  return mediaType === 'json' ? parseJson(text) : parseForm(text)
}
