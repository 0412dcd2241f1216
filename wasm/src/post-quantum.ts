import type { Kem, KeyPair, Signer } from '@qsm/protocol'
import { AlgorithmLoadError, AlteredModuleError } from './errors.js'
import { type Check, testKem, testSigner } from './self-test.js'
import { kemSizes, signerSizes } from './sizes.js'

/** What was found when the algorithms were loaded; shown by `doctor` and by the quantum service. */
export interface AlgorithmReport {
  readonly library: string
  readonly version: string
  /** Neither library has been audited in this version; both say so. */
  readonly audited: false
  readonly algorithms: readonly {
    readonly name: string
    readonly kind: 'kem' | 'signature'
    /** Bytes by name. */
    readonly sizes: Readonly<Record<string, number>>
    /** SHA-256 of the WASM that runs, in hex; null for a library without WASM. */
    readonly wasmSha256: string | null
  }[]
  readonly selfTest: {
    readonly passed: boolean
    readonly checks: readonly { readonly name: string; readonly passed: boolean }[]
  }
  /** Why this library runs in place of the one that comes first; null when that one runs. The quantum service logs it at its start. */
  readonly fallbackReason: string | null
  /** Milliseconds from the begin of loading to the end of the self-test. */
  readonly loadMs: number
}

/** Algorithms that have proved themselves. */
export interface PostQuantum {
  readonly kem: Kem
  readonly signer: Signer
  readonly report: AlgorithmReport
}

export interface LoadOptions {
  /**
   * Milliseconds for which a Falcon key stays in the memory of the module after a signature, in the expanded form that makes the next
   * one faster. Only for programs that hold the key as long anyway. 0, which keeps nothing, when it is absent.
   */
  readonly keepExpandedKeysMs?: number
}

/** A library that is loaded and not yet trusted. */
export interface Candidate {
  readonly library: string
  readonly version: string
  readonly kem: Kem
  readonly signer: Signer
  /** The ML-KEM pair of d and z, 64 bytes, where the library has a way in for them; only for the self-test. */
  readonly keyPairFrom?: (seed: Uint8Array) => KeyPair
  readonly wasmSha256: { readonly kem: string | null; readonly signer: string | null }
  /** The generator that the library draws from. */
  fillRandom(target: Uint8Array): unknown
  /** By `performance.now()`. */
  readonly begunAtMs: number
  /** What a person does when the self-test fails. */
  readonly remedy: string
}

/** Two draws must differ from zeros and from each other. */
const testRandomness = (fillRandom: Candidate['fillRandom']): Check => {
  const [first, second] = [new Uint8Array(32), new Uint8Array(32)]
  fillRandom(first)
  fillRandom(second)
  const empty = [first, second].some(block => block.every(byte => byte === 0))
  return { name: 'random blocks differ', passed: !empty && first.some((byte, index) => byte !== second[index]) }
}

/** Lets a library be used only if its random blocks differ and every known answer comes out. Throws `AlgorithmLoadError`. */
export const prove = async (candidate: Candidate): Promise<PostQuantum> => {
  const { library, version, kem, keyPairFrom, signer, wasmSha256, begunAtMs, remedy } = candidate
  const checks = [
    testRandomness(candidate.fillRandom),
    ...(await testKem(kem, keyPairFrom)),
    ...(await testSigner(signer)),
  ]
  const failed = checks.filter(check => !check.passed).map(check => check.name)
  if (failed.length > 0) {
    throw new AlgorithmLoadError(`The self-test of ${library} ${version} failed: ${failed.join('; ')}. ${remedy}`)
  }
  const report: AlgorithmReport = {
    library,
    version,
    audited: false,
    algorithms: [
      { name: kem.name, kind: 'kem', sizes: kemSizes, wasmSha256: wasmSha256.kem },
      { name: signer.name, kind: 'signature', sizes: signerSizes, wasmSha256: wasmSha256.signer },
    ],
    selfTest: { passed: true, checks },
    fallbackReason: null,
    loadMs: Math.round(performance.now() - begunAtMs),
  }
  return Object.freeze({ kem, signer, report })
}

/**
 * `first`, or `second` with the reason in its report when the first cannot run here: no SIMD, WebAssembly forbidden, a known
 * answer that did not come out. Bytes that were altered are no such reason: then nothing is loaded.
 */
export const withFallback = async (
  first: () => Promise<PostQuantum>,
  second: () => Promise<PostQuantum>,
): Promise<PostQuantum> => {
  let reason: string
  try {
    return await first()
  } catch (error) {
    if (error instanceof AlteredModuleError) throw error
    reason = (error as Error).message
  }
  const { kem, signer, report } = await second()
  return Object.freeze({ kem, signer, report: { ...report, fallbackReason: reason } })
}
