import { fillRandom } from '../entropy/node.js'
import { AlgorithmLoadError } from '../errors.js'
import { type PostQuantum, prove } from '../post-quantum.js'
import { loadLiboqsKem } from './kem.js'
import { kemModule, libraryName, libraryVersion, signerModule } from './pinned-modules.js'
import { loadLiboqsSigner } from './signer.js'

const load = async (): Promise<PostQuantum> => {
  const begunAtMs = performance.now()
  const [{ kem }, { signer }] = await Promise.all([loadLiboqsKem(), loadLiboqsSigner()])
  return prove({
    library: libraryName,
    version: libraryVersion,
    kem,
    signer,
    wasmSha256: { kem: kemModule.sha256, signer: signerModule.sha256 },
    fillRandom,
    begunAtMs,
    remedy:
      'Nothing is encrypted here. Remove node_modules, install with npm ci, and if that does not help, use another machine.',
  })
}

/**
 * ML-KEM-768 and Falcon-512 of the stock build, `@oqs/liboqs-js`. Throws `AlgorithmLoadError`, which says what to do, when the
 * WASM is not the pinned one, the random generator is broken or a known answer does not come out.
 */
export const loadStock = (): Promise<PostQuantum> =>
  load().catch((cause: Error) => {
    throw cause instanceof AlgorithmLoadError
      ? cause
      : new AlgorithmLoadError(`liboqs cannot be used: ${cause.message}`, { cause })
  })
