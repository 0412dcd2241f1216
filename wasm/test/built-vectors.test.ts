import { describe, expect, it } from 'vitest'
import { falconSuite, knownAnswersSuite, sameSignaturesSuite } from './support/falcon-suite.js'
import { feed } from './support/fed-randomness.js'
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

  sameSignaturesSuite({ signer, feed }, { signer: stock.signer, feed })
})
