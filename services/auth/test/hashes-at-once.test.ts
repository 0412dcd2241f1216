import { expect, test, vi } from 'vitest'
import { startAuth } from './support/start-auth.js'

const cores = vi.hoisted(() => ({ count: 0 }))
vi.mock('node:os', async real => ({ ...(await real<object>()), availableParallelism: () => cores.count }))
const threads = vi.hoisted(() => ({ asked: [] as number[] }))
vi.mock('../src/passwords/hash-threads.js', () => ({
  startHashThreads: (count: number) => {
    threads.asked.push(count)
    return { hash: async () => 'a hash', verify: async () => true, close: async () => undefined }
  },
}))

test.each([
  [1, 1],
  [2, 1],
  [3, 2],
  [8, 2],
])(
  'of two passwords that may be hashed at once, %i cores hash no more than leaves one of them free: %i',
  async (...row) => {
    const [available, expected] = row
    cores.count = available
    threads.asked.length = 0
    const auth = await startAuth()
    await auth.close()
    expect(threads.asked).toEqual([expected])
  },
)
