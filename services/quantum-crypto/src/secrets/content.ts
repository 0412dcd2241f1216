import { decodeBase64, encodeBase64 } from '@qsm/contract'

type Encoding = 'utf-8' | 'base64' | undefined

/** Bytes of a text or of base64, as `encoding` says. */
export const bytesOfContent = (content: string, encoding: Encoding): Uint8Array =>
  encoding === 'base64' ? decodeBase64(content) : new Uint8Array(Buffer.from(content, 'utf8'))

/** The same way back; null for bytes that are no UTF-8 where text is wanted. */
export const contentOfBytes = (bytes: Uint8Array, encoding: Encoding): string | null => {
  if (encoding === 'base64') return encodeBase64(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
