import { expect } from 'vitest'
import { feed } from './fed-randomness.js'

/** Whether the memory is byte for byte as it was when this was called. */
export const remembered = (memory: WebAssembly.Memory) => {
  const before = Buffer.from(new Uint8Array(memory.buffer))
  return () => Buffer.compare(before, new Uint8Array(memory.buffer)) === 0
}

export const contains = (memory: WebAssembly.Memory, secret: Uint8Array) =>
  Buffer.from(memory.buffer).includes(Buffer.from(secret))

/** Runs with a look into the memory at each draw of randomness, thus from within an operation. */
export const seenWithin = async (
  memory: WebAssembly.Memory,
  secret: Uint8Array,
  run: () => unknown,
): Promise<boolean> => {
  let seen = false
  feed.onDraw(() => {
    seen ||= contains(memory, secret)
  })
  await run()
  feed.onDraw(null)
  return seen
}

export const withBrokenGenerator = async (run: () => unknown): Promise<void> => {
  feed.onDraw(() => {
    throw new Error('no randomness')
  })
  await expect((async () => run())()).rejects.toThrow('no randomness')
  feed.onDraw(null)
}
