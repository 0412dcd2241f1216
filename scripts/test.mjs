// npm test: installs and builds what is missing, runs every test, and ends with one line that counts them.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

setUp()
const folder = mkdtempSync(join(tmpdir(), 'qsm-test-'))
const report = join(folder, 'report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)]
const result = spawnSync(process.execPath, [vitest, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
let counts = { numPassedTests: 0, numFailedTests: 1, numFailedTestSuites: 0 }
try {
  counts = JSON.parse(readFileSync(report, 'utf8'))
} catch (error) {
  console.error(`the tests left no report (${error.message})`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const failed = counts.numFailedTests || (result.status === 0 ? 0 : 1)
console.log(`${counts.numPassedTests} passed, ${failed} failed`)
process.exitCode = result.status ?? 1
