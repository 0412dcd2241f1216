import { writeFileSync } from 'node:fs'

/** A reporter of vitest that leaves the counts of a run in the file that QSM_TEST_COUNTS names. */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        if (state === 'failed') failed += 1
      }
    }
    writeFileSync(process.env.QSM_TEST_COUNTS ?? '', JSON.stringify({ passed, failed }))
  }
}
