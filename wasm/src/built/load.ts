import type { FillRandom } from '../entropy/judged.js'
import { type PostQuantum, prove } from '../post-quantum.js'
import { loadBuiltKem } from './kem.js'
import { falcon512Wasm, mlKem768Wasm, sourcesVersion } from './modules.generated.js'
import { loadBuiltSigner } from './signer.js'

/**
 * ML-KEM-768 and Falcon-512 of the build in `wasm/build`, with randomness from `fillRandom`; keys that sign
 * stay expanded for `keepExpandedKeysMs`. Throws `AlgorithmLoadError` when
 * the WASM is not the pinned one or a known answer does not come out, and `WebAssembly.CompileError` without SIMD.
 */
export const loadBuilt = async (fillRandom: FillRandom, keepExpandedKeysMs: number): Promise<PostQuantum> => {
  const begunAtMs = performance.now()
  const [{ kem, keyPairFrom }, { signer }] = await Promise.all([
    loadBuiltKem(fillRandom),
    loadBuiltSigner(fillRandom, keepExpandedKeysMs),
  ])
  return prove({
    library: '@qsm/wasm from liboqs',
    version: sourcesVersion,
    kem,
    keyPairFrom,
    signer,
    wasmSha256: { kem: mlKem768Wasm.sha256, signer: falcon512Wasm.sha256 },
    fillRandom,
    begunAtMs,
    remedy: 'Nothing is encrypted by it.',
  })
}
