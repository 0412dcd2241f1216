import { describe } from 'vitest'
import { falconSuite, knownAnswersSuite } from './support/falcon-suite.js'
import { feed } from './support/fed-randomness.js'
import { mlKemSuite } from './support/ml-kem-suite.js'

// After the generator was replaced.
const { loadPostQuantum } = await import('../src/noble.js')
const { kem, signer } = await loadPostQuantum()

describe('ML-KEM-768 of noble', () => mlKemSuite(kem, feed))

describe('Falcon-512 of noble', () => {
  falconSuite(signer)

  knownAnswersSuite(signer, feed, 10)
})
