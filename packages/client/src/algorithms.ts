import { type Algorithms, createWebCryptoClassical } from '@qsm/protocol'
import { type AlgorithmReport, loadPostQuantum } from '@qsm/wasm'

/** A client holds the keys of its device as long as it runs, so that nothing is lost by a second in another place. */
const keepExpandedKeysMs = 1_000

const load = () => loadPostQuantum({ keepExpandedKeysMs })

/** The algorithms of this platform: the WebAssembly of @qsm/wasm in Node and browsers, WebCrypto in both. */
export const loadAlgorithms = async (): Promise<Algorithms> => {
  const { kem, signer } = await load()
  return {
    kem,
    signer,
    classical: createWebCryptoClassical(),
    randomBytes: length => globalThis.crypto.getRandomValues(new Uint8Array(length)),
    now: () => Date.now(),
  }
}

/** What was found when the algorithms of this platform were loaded: versions, hashes, self-test. */
export const reportAlgorithms = async (): Promise<AlgorithmReport> => (await load()).report
