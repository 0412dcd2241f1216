import type { Kem, Signer } from '@qsm/protocol'
import { assertFreshRandomness } from './entropy.js'
import { AlgorithmLoadError } from './errors.js'
import { loadLiboqsKem } from './liboqs-kem.js'
import { loadLiboqsSigner } from './liboqs-signer.js'
import { libraryName, libraryVersion, pinnedModules } from './pinned-modules.js'
import type { AlgorithmReport } from './report.js'
import { testKem, testSigner } from './self-test.js'
import { kemSizes, signerSizes } from './sizes.js'

export interface PostQuantum {
  readonly kem: Kem
  readonly signer: Signer
  readonly report: AlgorithmReport
}

let loaded: Promise<PostQuantum> | null = null

const load = async (): Promise<PostQuantum> => {
  const begun = performance.now()
  assertFreshRandomness()
  // One after the other: while a module loads, the bytes that are instantiated are looked at.
  const { kem } = await loadLiboqsKem()
  const { signer } = await loadLiboqsSigner()
  const checks = [...(await testKem(kem)), ...(await testSigner(signer))]
  const failed = checks.filter(check => !check.passed).map(check => check.name)
  if (failed.length > 0) {
    throw new AlgorithmLoadError(`The self-test failed: ${failed.join(', ')}. Install again with npm ci; do not use this installation.`)
  }
  const report: AlgorithmReport = {
    library: libraryName,
    version: libraryVersion,
    audited: false,
    algorithms: [
      { name: kem.name, kind: 'kem', sizes: kemSizes, wasmSha256: pinnedModules.kem.sha256 },
      { name: signer.name, kind: 'signature', sizes: signerSizes, wasmSha256: pinnedModules.signer.sha256 },
    ],
    selfTest: { passed: true, checks },
    loadMs: Math.round(performance.now() - begun),
  }
  return Object.freeze({ kem, signer, report })
}

/**
 * ML-KEM-768 and Falcon-512 of liboqs, loaded once. Throws `AlgorithmLoadError` when the bytes are not the pinned ones or
 * a known answer does not come out.
 */
export const loadPostQuantum = (): Promise<PostQuantum> => {
  loaded ??= load()
  return loaded
}
