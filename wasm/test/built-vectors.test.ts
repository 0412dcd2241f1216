import { describe, expect, it } from 'vitest'
import { falconSuite } from './support/falcon-suite.js'
import { feed } from './support/fed-randomness.js'
import { katGenerator } from './support/kat-generator.js'
import { mlKemSuite } from './support/ml-kem-suite.js'
import { falconRecords, paddedFrom } from './support/vector-files.js'

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

  it('makes the 100 key pairs and signatures of round 3 under the generator of the known answers', async () => {
    for (const record of falconRecords('falcon-512/falcon512-KAT.rsp')) {
      const draw = katGenerator(record.seed)
      feed(draw(48))
      const pair = await signer.generateKeyPair()
      expect(pair).toEqual({ publicKey: record.publicKey, secretKey: record.secretKey })
      feed(draw(40), draw(48))
      expect(await signer.sign(pair.secretKey, record.message)).toEqual(paddedFrom(record))
      expect(feed.left()).toBe(0)
    }
  })

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
