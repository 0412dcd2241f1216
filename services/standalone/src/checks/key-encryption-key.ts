import { randomBytes, timingSafeEqual } from 'node:crypto'
import { openKek } from '@qsm/quantum-crypto'
import type { CheckedConfig } from './checked-config.js'
import { type Finding, fail, ok } from './finding.js'

const name = 'key-encryption key'
const context = Buffer.from('qsm-server doctor')

/** What there is to do is said by the outermost error of ours; an error for clients has it as its cause. */
const adviceOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message : message
}

/** Opens the key-encryption key as the quantum service does, wraps a data key and opens it; none where `config` needs none. */
export const checkKek = async ({ kek: config }: CheckedConfig): Promise<readonly Finding[]> => {
  if (!config) return []
  try {
    const { kek, close } = await openKek(config)
    try {
      const dataKey = randomBytes(32)
      const opened = await kek.unwrap(await kek.wrap(dataKey, context), context)
      const fits = timingSafeEqual(opened, dataKey)
      return [
        fits ? ok(name, `"${kek.currentId}" wraps and opens`) : fail(name, `"${kek.currentId}" opens something else`),
      ]
    } finally {
      close()
    }
  } catch (error) {
    return [fail(name, adviceOf(error))]
  }
}
