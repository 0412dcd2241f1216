import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { standaloneVariables } from '@qsm/standalone'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase } from '../support/database.js'
import { startTestServer, type TestServer } from '../support/server.js'

const page = readFileSync(fileURLToPath(new URL('../../docs/thin-clients.md', import.meta.url)), 'utf8')
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(match => match[1] ?? '')
const folder = mkdtempSync(join(tmpdir(), 'qsm-thin-page-'))
let server: TestServer

beforeAll(async () => {
  const database = await createTestDatabase()
  server = await startTestServer({ DATABASE_URL: database.url, QSM_DATA_DIR: folder })
}, 120_000)

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The blocks as one terminal would take them, each behind a mark. */
const runPage = async (): Promise<readonly string[]> => {
  const script = blocks.map(block => `${block}\nprintf '\\n--\\n'`).join('\n')
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script.replace('http://localhost:8000', server.url)])
  let out = ''
  child.stdout.on('data', data => {
    out += String(data)
  })
  const [code] = await once(child, 'close')
  expect([code, out]).toEqual([0, out])
  return out.split('\n--\n').slice(0, -1)
}

describe('docs/thin-clients.md', () => {
  it('runs as it is written, block by block, with the answers that it tells of', async () => {
    const answers = await runPage()
    const wanted: readonly (readonly string[])[] = [
      [],
      ['"username":"alice"', '"quantum_ready":true'],
      [],
      ['"status":"sent"'],
      ['"status":"accepted"', '"session_id"', '"ciphertext"'],
      ['"status":"sent"', '"message_type":"secured"'],
      ['"content":"shall we meet at ten?"', '"verified":true', '"next":1'],
      ['"message_type":"critical"', '"content":"the house is on fire"', '"is_read":false'],
      ['"active":true', '"messages_sent":1'],
      ['"status":"terminated"', 'not_connected'],
    ]
    expect(answers).toHaveLength(wanted.length)
    for (const [at, texts] of wanted.entries()) for (const text of texts) expect(answers[at]).toContain(text)
  }, 120_000)

  it('names variables that the server has', () => {
    const named = [...page.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(match => match[1])
    expect(named.length).toBeGreaterThan(4)
    expect(named.filter(name => !Object.keys(standaloneVariables).includes(name ?? ''))).toEqual([])
  })
})
