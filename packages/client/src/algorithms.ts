import { type Algorithms, createWebCryptoClassical } from '@qsm/protocol'
import { type AlgorithmReport, loadPostQuantum } from '@qsm/wasm'

/** The algorithms of this platform: liboqs in Node, noble in browsers (by the export condition), WebCrypto in both. */
export const loadAlgorithms = async (): Promise<Algorithms> => {
  const { kem, signer } = await loadPostQuantum()
  return {
    kem,
    signer,
    classical: createWebCryptoClassical(),
    randomBytes: length => globalThis.crypto.getRandomValues(new Uint8Array(length)),
    now: () => Date.now(),
  }
}

/** What was found when the algorithms of this platform were loaded: versions, hashes, self-test. */
export const reportAlgorithms = async (): Promise<AlgorithmReport> => (await loadPostQuantum()).report
