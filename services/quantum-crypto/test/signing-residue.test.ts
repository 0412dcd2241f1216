import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Build } from '@qsm/wasm'
import { afterEach, describe, expect, it } from 'vitest'
import { silentLog } from '../../../tests/support/silent-log.js'
import { startWorkers } from '../src/signing/workers.js'
import { countInMemory, traces } from './support/search-memory.js'

const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url)
/** All memory of a process is read, which takes a while on a busy machine. */
const patienceMs = 120_000
let child: ChildProcess | undefined

afterEach(() => {
  child?.kill('SIGKILL')
})

/** Lets a process sign with a key and wipe it; gives how many traces of the key its memory holds then. */
const tracesAfterSigning = async (kept: string): Promise<number> => {
  child = fork(fileURLToPath(fixture('signing-process.mjs')), [kept], { execArgv: [] })
  const [{ maskedKey }] = (await once(child, 'message')) as [{ maskedKey: string }]
  const key = Uint8Array.from(Buffer.from(maskedKey, 'base64'), byte => byte ^ 0xa5)
  return countInMemory(child.pid as number, traces(key))
}

describe('the memory of a process that has signed with a key and wiped it', () => {
  it(
    'holds nothing of the key, in no thread, as bytes, hex or base64',
    async () => {
      expect(await tracesAfterSigning('forget')).toBe(0)
    },
    patienceMs,
  )

  it(
    'shows the key where it is kept, in each of these forms',
    async () => {
      // Three windows: as bytes, in lower hex, and in base64 at the one offset that fits.
      expect(await tracesAfterSigning('keep')).toBe(9)
    },
    patienceMs,
  )
})

describe('heap snapshot and WASM memory of a worker', () => {
  const start = (build: Build) =>
    startWorkers({ threads: 1, build, source: fixture('inspected-worker.mjs'), log: silentLog })
  type Workers = Awaited<ReturnType<typeof start>>
  const ask = (workers: Workers, task: object) => workers.run(task as { readonly kind: 'generate' }, [])
  const searchIn = async (workers: Workers, needles: readonly Buffer[], leastBytes: number): Promise<number> => {
    const seen = Buffer.from(await ask(workers, { kind: 'inspect' }))
    expect(seen.length).toBeGreaterThan(leastBytes)
    return needles.filter(needle => seen.includes(needle)).length
  }

  // The modules of the stock build alone have 8 MiB each, so that the size tells which build the worker runs.
  it.each([
    { build: 'fast', leastBytes: 5_000_000 },
    { build: 'stock', leastBytes: 20_000_000 },
  ] as const)(
    'hold nothing of a key with which the $build build has signed, and show one that is there',
    async ({ build, leastBytes }) => {
      const workers = await start(build)
      try {
        const pair = await ask(workers, { kind: 'generate' })
        const secretKey = pair.slice(897)
        for (let count = 0; count < 20; count += 1) {
          const items = [0, 1, 2].map(part => ({
            secretKey: secretKey.slice(),
            message: new Uint8Array(100).fill(count + part),
          }))
          const transfer = items.flatMap(item => [item.secretKey.buffer, item.message.buffer])
          const signatures = await workers.run({ kind: 'sign', items }, transfer)
          expect(signatures.map(signature => (signature as Uint8Array).length)).toEqual([666, 666, 666])
        }
        const needles = traces(secretKey)
        expect(await searchIn(workers, needles, leastBytes)).toBe(0)
        await ask(workers, { kind: 'plant', bytes: secretKey, text: '' })
        const bytesSeen = await searchIn(workers, needles, leastBytes)
        expect(bytesSeen).toBeGreaterThan(0)
        await ask(workers, { kind: 'plant', bytes: secretKey, text: Buffer.from(secretKey).toString('hex') })
        const hexSeen = await searchIn(workers, needles, leastBytes)
        expect(hexSeen).toBeGreaterThan(bytesSeen)
        await ask(workers, { kind: 'plant', bytes: secretKey, text: Buffer.from(secretKey).toString('base64') })
        expect(await searchIn(workers, needles, leastBytes)).toBeGreaterThan(hexSeen)
      } finally {
        await workers.retire()
      }
    },
    patienceMs,
  )
})
