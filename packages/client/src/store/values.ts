import { QsmClientError } from '../errors.js'
import type { StoreTransaction } from './store.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export const damaged = (key: string): QsmClientError =>
  new QsmClientError(
    'store_damaged',
    `The value ${key} of the store is damaged. Restore the store, or log in with an empty one.`,
  )

/** JSON for what is not secret; private keys are stored as the protocol's own bytes. */
export const putJson = (transaction: StoreTransaction, key: string, value: unknown): void =>
  transaction.put(key, encoder.encode(JSON.stringify(value)))

export const getJson = async <T>(transaction: StoreTransaction, key: string): Promise<T | null> => {
  const bytes = await transaction.get(key)
  return bytes ? readJson<T>(key, bytes) : null
}

export const readJson = <T>(key: string, bytes: Uint8Array): T => {
  try {
    return JSON.parse(decoder.decode(bytes)) as T
  } catch {
    throw damaged(key)
  }
}

/** A JSON head and byte strings, each with a u32 length before it. */
export const encodeRecord = (head: object, parts: readonly Uint8Array[]): Uint8Array => {
  const all = [encoder.encode(JSON.stringify(head)), ...parts]
  const bytes = new Uint8Array(all.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const part of all) {
    view.setUint32(offset, part.length)
    bytes.set(part, offset + 4)
    offset += 4 + part.length
  }
  return bytes
}

/** The head and the byte strings of a record. Throws `store_damaged`. */
export const decodeRecord = <H>(
  key: string,
  bytes: Uint8Array,
): { readonly head: H; readonly parts: readonly Uint8Array[] } => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 <= bytes.length ? offset + 4 + view.getUint32(offset) : Number.POSITIVE_INFINITY
    if (end > bytes.length) throw damaged(key)
    parts.push(bytes.slice(offset + 4, end))
    offset = end
  }
  const [head, ...rest] = parts
  if (!head) throw damaged(key)
  return { head: readJson<H>(key, head), parts: rest }
}
