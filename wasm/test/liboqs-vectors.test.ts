import { describe } from 'vitest'
import { falconSuite, knownAnswersSuite } from './support/falcon-suite.js'
import { feed } from './support/fed-randomness.js'
import { mlKemSuite } from './support/ml-kem-suite.js'

// After the generator was replaced.
const { loadPostQuantum } = await import('../src/index.js')
const { kem, signer } = await loadPostQuantum({ build: 'stock' })

describe('ML-KEM-768 of liboqs', () => mlKemSuite(kem, feed))

describe('Falcon-512 of liboqs', () => {
  falconSuite(signer)

  knownAnswersSuite(signer, feed, 100)
})
