import type { StoreTransaction } from '@qsm/client'

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export const readText = async (transaction: StoreTransaction, key: string): Promise<string | null> => {
  const value = await transaction.get(key)
  return value && new TextDecoder().decode(value)
}
