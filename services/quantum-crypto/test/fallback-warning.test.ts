import { afterEach, expect, it, vi } from 'vitest'
import { silentLog } from '../../../tests/support/silent-log.js'
import { startQuantum } from './support/start-quantum.js'

let fallbackReason: string | null = null
vi.mock('@qsm/wasm', async original => {
  const { loadPostQuantum } = await original<typeof import('@qsm/wasm')>()
  return {
    loadPostQuantum: async (...inputs: Parameters<typeof loadPostQuantum>) => {
      const loaded = await loadPostQuantum(...inputs)
      return { ...loaded, report: { ...loaded.report, fallbackReason } }
    },
  }
})

/** Starts the service; gives what it warned of. */
const warningsOfAStart = async () => {
  const warn = vi.fn()
  const quantum = await startQuantum({ log: Object.assign(Object.create(silentLog), { warn }) })
  await quantum.close()
  return warn.mock.calls
}

afterEach(() => {
  fallbackReason = null
})

it('warns once at its start, with the reason, where the slower build runs', async () => {
  fallbackReason = 'Wasm SIMD unsupported'
  expect(await warningsOfAStart()).toEqual([
    [{ event: 'slower_algorithms', reason: fallbackReason }, expect.stringContaining('the slower one runs')],
  ])
})

it('warns of nothing where the fast build runs', async () => {
  expect(await warningsOfAStart()).toEqual([])
})
