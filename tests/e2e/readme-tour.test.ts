import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/server.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const tour = readme.slice(readme.indexOf('## A tour of five minutes'), readme.indexOf('## In a program'))
const blocks = [...tour.matchAll(/```sh\n([\s\S]*?)```/g)].map(match => match[1] ?? '')
const folder = mkdtempSync(join(tmpdir(), 'qsm-tour-'))
let server: TestServer

const run = (script: string): Promise<{ code: number | null; out: string }> =>
  new Promise(resolve => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: root,
      env: { ...process.env, QSM_URL: server.url, HOME: folder, npm_config_update_notifier: 'false' },
    })
    let out = ''
    child.stdout.on('data', data => {
      out += String(data)
    })
    child.stderr.on('data', data => {
      out += String(data)
    })
    child.once('close', code => resolve({ code, out }))
  })

/** The tour as it stands, in a folder and at addresses of its own. */
const prepared = (block: string): string =>
  block
    .replaceAll('./tour', join(folder, 'tour'))
    .replaceAll('http://localhost:8000', server.url)
    .replaceAll('http://localhost:8001', server.quantumUrl)

beforeAll(async () => {
  server = await startTestServer({ QSM_DATA_DIR: join(folder, 'data'), QSM_ENV: 'development' })
}, 60_000)

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('the tour of the README', () => {
  it('begins with the command that starts the server', () => {
    expect(blocks[0]?.trim()).toBe('npm start')
    expect(blocks.length).toBeGreaterThan(6)
  })

  it('runs as it is written, block by block', async () => {
    // What a block exports is there in the next ones, as in a terminal.
    const exports: string[] = []
    const outputs: string[] = []
    for (const block of blocks.slice(1)) {
      const { code, out } = await run([...exports, prepared(block)].join('\n'))
      expect({ block, code, out }).toMatchObject({ code: 0 })
      exports.push(...block.split('\n').filter(line => line.startsWith('export ')))
      outputs.push(out)
    }
    const everything = outputs.join('\n')
    for (const text of [
      'bob: hello alice',
      'alice: hello bob',
      '"text":"second line"',
      '"status":"healthy"',
      'ML-KEM-768',
      'Everything was as expected.',
    ]) {
      expect(everything).toContain(text)
    }
    const numbers = everything.match(/^(\d{5} ){11}\d{5}$/gm)
    expect(numbers).toHaveLength(2)
    expect(numbers?.[0]).toBe(numbers?.[1])
  }, 300_000)
})
