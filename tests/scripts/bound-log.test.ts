import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const boundLog = new URL('../../scripts/services/bound-log.mjs', import.meta.url).href
const writer = join(import.meta.dirname, 'write-lines.mjs')
const folder = mkdtempSync(join(tmpdir(), 'qsm-bound-log-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the writer with its standard output in a log that is bound to `maxBytes`, until the file `until` is there. */
const writeLog = async (file: string, maxBytes: number, until: string): Promise<void> => {
  const descriptor = openSync(file, 'a')
  const child = spawn(process.execPath, ['--import', boundLog, writer, until], {
    env: { ...process.env, QSM_SERVICE_LOG: file, QSM_LOG_MAX_BYTES: String(maxBytes) },
    stdio: ['ignore', descriptor, 'inherit'],
  })
  closeSync(descriptor)
  expect(await once(child, 'exit')).toEqual([0, null])
}

describe('the log of a service that runs', () => {
  it('moves aside when it is over its bound, and of what is kept no line is lost, doubled or torn', async () => {
    const file = join(folder, 'busy.log')
    await writeLog(file, 50_000, `${file}.4`)
    const names = ['busy.log', 'busy.log.1', 'busy.log.2', 'busy.log.3', 'busy.log.4']
    expect(readdirSync(folder).toSorted()).toEqual(names)
    const parts = [4, 3, 2, 1].map(number => readFileSync(`${file}.${number}`, 'utf8'))
    const lines = (parts.join('') + readFileSync(file, 'utf8')).trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(10_000)
    const first = Number(lines[0]?.slice('line '.length))
    expect(lines).toEqual(lines.map((_, at) => `line ${String(first + at).padStart(8, '0')}`))
  }, 60_000)

  it('stays as it is below its bound', async () => {
    const file = join(folder, 'calm.log')
    setTimeout(() => writeFileSync(join(folder, 'enough'), ''), 2_000)
    await writeLog(file, 1_000_000_000, join(folder, 'enough'))
    expect(statSync(file).size).toBeGreaterThan(1_000)
    expect(readdirSync(folder).filter(name => name.startsWith('calm'))).toEqual(['calm.log'])
  })
})
