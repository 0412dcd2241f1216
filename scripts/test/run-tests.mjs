import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const reporter = fileURLToPath(new URL('./count-reporter.mjs', import.meta.url))

const readCounts = file => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 0 } // It ended before the tests did; the exit code tells.
  }
}

/**
 * Runs vitest with its progress on standard output. Resolves with how many tests passed and failed; a file that cannot
 * be loaded and an error outside of the tests each count as a failure.
 */
export const runTests = async (root, args) => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-test-counts-'))
  const file = join(folder, 'counts.json')
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const child = spawn(process.execPath, [vitest, 'run', '--reporter=default', `--reporter=${reporter}`, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, QSM_TEST_COUNTS: file },
    })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    const [code] = await once(child, 'exit')
    const { passed, failed } = readCounts(file)
    return { passed, failed: code === 0 ? failed : Math.max(failed, 1) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
