import { loadPostQuantum } from '@qsm/wasm'
import { type Finding, fail, ok } from './finding.js'

/** Nothing is wrong where the slower build runs, but whoever wonders about speed finds the reason here. */
const fallback = (reason: string | null): Finding[] =>
  reason === null ? [] : [ok('post-quantum fallback', `the fast build cannot run: ${reason}`)]

/** Library, self-test and the hash of the WASM that runs. */
export const checkAlgorithms = async (): Promise<Finding[]> => {
  try {
    const { report } = await loadPostQuantum()
    const passed = report.selfTest.checks.filter(check => check.passed).length
    return [
      ok('post-quantum library', `${report.library} ${report.version} (unaudited)`),
      ...fallback(report.fallbackReason),
      (report.selfTest.passed ? ok : fail)('self-test', `${passed} of ${report.selfTest.checks.length} known answers`),
      ...report.algorithms.map(({ name, wasmSha256 }) => ok(`WASM ${name}`, `SHA-256 ${wasmSha256}`)),
    ]
  } catch (error) {
    return [fail('post-quantum library', (error as Error).message)]
  }
}
