// What the page under test is: the algorithms as a browser has them, on draws that the tests give. Bundled.
import { toHex } from '@qsm/protocol'
import { createFedGenerator } from '../../../wasm/test/support/fed-draws.js'

const { fill, feed } = createFedGenerator(crypto.getRandomValues.bind(crypto))
crypto.getRandomValues = fill as Crypto['getRandomValues']

// After the generator was replaced: the library keeps the function that it finds.
const loading = import('@qsm/wasm').then(({ loadPostQuantum }) => loadPostQuantum())

/** Byte strings as hex, since DevTools carries JSON. */
type Result = string | boolean | Readonly<Record<string, string>>

/** What an operation gave, or the message of what it threw, and how many of the draws were left. */
export type Outcome = { readonly drawsLeft: number } & ({ readonly result: Result } | { readonly error: string })

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16))

const asHex = (value: unknown): Result => {
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value === 'boolean') return value
  return Object.fromEntries(Object.entries(value as object).map(([name, bytes]) => [name, toHex(bytes)]))
}

const algorithms = {
  report: async () => {
    const { library, fallbackReason, selfTest } = (await loading).report
    return { library, fallbackReason, selfTestPassed: selfTest.passed }
  },
  /** Calls one function of one algorithm, which draws what is given here. */
  async call(
    algorithm: 'kem' | 'signer',
    name: string,
    args: readonly string[],
    draws: readonly string[],
  ): Promise<Outcome> {
    const operations = (await loading)[algorithm] as unknown as Record<string, (...args: Uint8Array[]) => unknown>
    feed(...draws.map(fromHex))
    try {
      const result = asHex(await operations[name]?.(...args.map(fromHex)))
      return { result, drawsLeft: feed.left() }
    } catch (error) {
      return { error: String(error), drawsLeft: feed.left() }
    }
  },
}

export type PageAlgorithms = typeof algorithms
Object.assign(globalThis, { algorithms })
