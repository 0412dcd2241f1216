import type { Classical } from '@qsm/protocol'
import type { AlgorithmReport } from '@qsm/wasm'
import { testPlatform } from './platform-answers.js'

/** An algorithm does not do what it must: nothing is served. The text says which, and what to do. */
class SelfTestError extends Error {
  override readonly name = 'SelfTestError'
}

/**
 * The report of the library with the known answers of the platform beside its own, which it has passed. Throws
 * `SelfTestError` where one does not come out.
 */
export const requireSelfTest = async (report: AlgorithmReport, classical: Classical): Promise<AlgorithmReport> => {
  const checks = [...report.selfTest.checks, ...(await testPlatform(classical))]
  const failed = checks.filter(({ passed }) => !passed).map(({ name }) => name)
  if (failed.length > 0) {
    throw new SelfTestError(
      `The self-test of the algorithms failed: ${failed.join('; ')}. Nothing is served. Use another build of Node.js, or another machine.`,
    )
  }
  return { ...report, selfTest: { passed: true, checks } }
}
