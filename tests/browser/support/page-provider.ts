import type { Kem, KeyPair, Signer } from '@qsm/protocol'
import { kemSizes, signerSizes } from '../../../wasm/src/sizes.js'
import type { Feed } from '../../../wasm/test/support/fed-draws.js'
import { bytes, hex } from '../../../wasm/test/support/vector-files.js'
import type { PageAlgorithms } from '../page/algorithms.js'
import type { Page } from './page.js'

declare const algorithms: PageAlgorithms

const fromHex = (result: unknown): unknown => {
  if (typeof result === 'boolean') return result
  if (typeof result === 'string') return bytes(result)
  return Object.fromEntries(Object.entries(result as object).map(([name, value]) => [name, bytes(value)]))
}

/** The algorithms of a page and the generator that they draw from, for tests that were written for those of Node. */
export const pageProvider = (page: () => Page): { kem: Kem; signer: Signer; feed: Feed } => {
  let draws: Uint8Array[] = []
  let drawsLeft = 0
  const feed: Feed = Object.assign(
    (...next: Uint8Array[]) => {
      draws = next
    },
    {
      left: () => drawsLeft,
      onDraw: () => {
        throw new Error('the draws of a page are not watched')
      },
    },
  )

  const call = async (algorithm: 'kem' | 'signer', name: string, args: readonly Uint8Array[]): Promise<unknown> => {
    const fed = draws.map(hex)
    draws = []
    const outcome = await page().run(
      (...given: Parameters<PageAlgorithms['call']>) => algorithms.call(...given),
      algorithm,
      name,
      args.map(hex),
      fed,
    )
    drawsLeft = outcome.drawsLeft
    if ('error' in outcome) throw new Error(outcome.error)
    return fromHex(outcome.result)
  }

  const kem: Kem = {
    name: 'ML-KEM-768',
    ...kemSizes,
    generateKeyPair: () => call('kem', 'generateKeyPair', []) as Promise<KeyPair>,
    encapsulate: key =>
      call('kem', 'encapsulate', [key]) as Promise<{ ciphertext: Uint8Array; sharedSecret: Uint8Array }>,
    decapsulate: (key, ciphertext) => call('kem', 'decapsulate', [key, ciphertext]) as Promise<Uint8Array>,
  }
  const signer: Signer = {
    name: 'Falcon-512',
    ...signerSizes,
    generateKeyPair: () => call('signer', 'generateKeyPair', []) as Promise<KeyPair>,
    sign: (key, message) => call('signer', 'sign', [key, message]) as Promise<Uint8Array>,
    verify: (key, message, signature) => call('signer', 'verify', [key, message, signature]) as Promise<boolean>,
  }
  return { kem, signer, feed }
}
