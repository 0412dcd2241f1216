import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const demo = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-demo-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the demo', () => {
  it('plays its story to the end, with the lines of another file and a killed server', async () => {
    const file = join(folder, 'lines.txt')
    writeFileSync(file, Array.from({ length: 30 }, (_, n) => `line ${n} of a text that nobody else has\n`).join(''))
    const { stdout } = await promisify(execFile)(process.execPath, [demo, file], { timeout: 280_000 })
    expect(stdout).toContain('every line arrived once, in order: 30 of 30')
    expect(stdout).toContain('the server is gone (restart 1)')
    expect(stdout).toMatch(/\b9 right, 0 wrong\n$/)
  }, 300_000)
})
