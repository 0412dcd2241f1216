import { describe, expect, it } from 'vitest'
import { falconSuite, knownAnswersSuite } from './support/falcon-suite.js'
import { feed } from './support/fed-randomness.js'
import { katGenerator } from './support/kat-generator.js'
import { mlKemSuite } from './support/ml-kem-suite.js'

// After the generator was replaced.
const { loadPostQuantum } = await import('../src/index.js')
const { kem, signer, report } = await loadPostQuantum()
const stock = await loadPostQuantum({ build: 'stock' })

it('what these vectors run against is our build', () => {
  expect(report).toMatchObject({ library: '@qsm/wasm from liboqs', fallbackReason: null })
})

describe('ML-KEM-768 of our build', () => mlKemSuite(kem, feed))

describe('Falcon-512 of our build', () => {
  falconSuite(signer)

  knownAnswersSuite(signer, feed, 100)

  it('gives byte for byte the signatures of the stock build, 200 by 10 keys under one generator', {
    timeout: 60_000,
  }, async () => {
    const draw = katGenerator(new Uint8Array(48).map((_, index) => 3 * index + 1))
    for (let key = 0; key < 10; key += 1) {
      const { secretKey } = await stock.signer.generateKeyPair()
      for (let count = 0; count < 20; count += 1) {
        const message = draw(17 * count * (key + 1))
        const draws = [draw(40), draw(48)]
        feed(...draws)
        const expected = await stock.signer.sign(secretKey, message)
        feed(...draws)
        expect(await signer.sign(secretKey, message)).toEqual(expected)
        expect(feed.left()).toBe(0)
      }
    }
  })
})
