import { describe, expect, it } from 'vitest'
import { falconSuite } from './support/falcon-suite.js'
import { feed } from './support/fed-randomness.js'
import { katGenerator } from './support/kat-generator.js'
import { mlKemSuite } from './support/ml-kem-suite.js'
import { falconRecords, paddedFrom } from './support/vector-files.js'

// After the generator was replaced.
const { loadPostQuantum } = await import('../src/index.js')
const { kem, signer } = await loadPostQuantum({ build: 'stock' })

describe('ML-KEM-768 of liboqs', () => mlKemSuite(kem, feed))

describe('Falcon-512 of liboqs', () => {
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
})
