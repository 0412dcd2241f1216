import { loadPostQuantum } from '@qsm/wasm'
import type { Finding } from './finding.js'

/** Nothing is wrong where the slower build runs, but whoever wonders about speed finds the reason here. */
const fallback = (reason: string | null): Finding[] =>
  reason === null ? [] : [{ name: 'post-quantum fallback', ok: true, detail: `the fast build cannot run: ${reason}` }]

/** Library, self-test and the hash of the WASM that runs. */
export const checkAlgorithms = async (): Promise<Finding[]> => {
  try {
    const { report } = await loadPostQuantum()
    const passed = report.selfTest.checks.filter(check => check.passed).length
    return [
      { name: 'post-quantum library', ok: true, detail: `${report.library} ${report.version} (unaudited)` },
      ...fallback(report.fallbackReason),
      {
        name: 'self-test',
        ok: report.selfTest.passed,
        detail: `${passed} of ${report.selfTest.checks.length} known answers`,
      },
      ...report.algorithms.map(({ name, wasmSha256 }) => ({
        name: `WASM ${name}`,
        ok: true,
        detail: `SHA-256 ${wasmSha256}`,
      })),
    ]
  } catch (error) {
    return [{ name: 'post-quantum library', ok: false, detail: (error as Error).message }]
  }
}
