// npm test [-- ARGUMENTS OF VITEST]: sets up what is not, then runs the tests.
import { root, setUp } from './setup.mjs'
import { runTests } from './test/run-tests.mjs'

process.chdir(root)
await setUp()
const { passed, failed } = await runTests(root, process.argv.slice(2))
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
