import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { checkedFetch } from '../support/checked-fetch.js'
import { createTestDatabase } from '../support/database.js'
import { startTestServer } from '../support/server.js'

const program = fileURLToPath(new URL('../../services/standalone/bin/qsm-server.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-server-process-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = async (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
  const env = { PATH: process.env.PATH ?? '', ...environment }
  const ended = promisify(execFile)(process.execPath, [program, ...args], { env, timeout: 60_000 })
  return ended.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout,
      err: error.stderr,
    }),
  )
}

/** Asks for a WebSocket, as a client does. Resolves with the plain answer to it. */
const upgrade = (url: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const key = Buffer.alloc(16, 7).toString('base64')
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
    }
    const sent = request(url, { headers })
    sent.once('upgrade', () => reject(new Error('it was upgraded')))
    sent.once('error', reject)
    sent.once('response', response => {
      let body = ''
      response.on('data', data => {
        body += String(data)
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.end()
  })

vi.setConfig({ testTimeout: 120_000 })

describe('qsm-server', () => {
  it('tells every wrong variable at once, with an example, and no secret', async () => {
    const secret = 'do-not-print-this'
    const ran = await run(['config', 'check'], {
      PORT: 'eight',
      TOKEN_EXPIRE_MINUTES: '0',
      DATABASE_URL: 'sqlite:///x.db',
      QSM_ENV: 'production',
      JWT_SECRET: secret,
    })
    expect(ran.code).toBe(1)
    for (const name of ['PORT', 'TOKEN_EXPIRE_MINUTES', 'DATABASE_URL', 'example:', 'SQLite'])
      expect(ran.err).toContain(name)
    expect(ran.err + ran.out).not.toContain(secret)
  })

  it('takes AZURE_ENV for QSM_ENV, and refuses in production what only a developer may have, all at once', async () => {
    const refused = { JWT_SECRET: 'your-secret-key-here', ALLOWED_ORIGINS: '*', PORT: 'eight' }
    const ran = await run(['config', 'check'], { AZURE_ENV: 'production', ...refused })
    expect(ran.code).toBe(1)
    for (const name of [...Object.keys(refused), 'QSM_KEK']) expect(ran.err).toContain(`${name}:`)
    expect((await run(['start'], { AZURE_ENV: 'production', ...refused })).err).toBe(ran.err)
    for (const part of [[], ['main'], ['quantum']]) {
      const { err } = await run(['config', 'check', ...part], { AZURE_ENV: 'production' })
      expect(err).toContain('JWT_SECRET: must be set')
      expect([part, err.includes('QSM_KEK: must be set')]).toEqual([part, part[0] !== 'main'])
    }
    expect(await run(['config', 'check'], { ...refused, PORT: '8000', AZURE_ENV: 'development' })).toMatchObject({
      code: 0,
    })
  })

  it('refuses sockets with an explanation where ENABLE_WEBSOCKET is false, and tells clients so', async () => {
    const database = await createTestDatabase()
    const environment = { DATABASE_URL: database.url, QSM_DATA_DIR: join(folder, 'c'), ENABLE_WEBSOCKET: 'false' }
    const server = await startTestServer(environment)
    try {
      const config = (await (await fetch(`${server.url}/api/config`)).json()) as Record<string, unknown>
      expect(config.websocket_enabled).toBe(false)
      expect(await (await checkedFetch(`${server.url}/ws`)).json()).toMatchObject({ status_code: 404 })
      for (const path of ['/ws', '/ws/alice']) {
        const { status, body } = await upgrade(server.url + path)
        expect([status, body]).toEqual([404, expect.stringContaining('ENABLE_WEBSOCKET=false')])
      }
    } finally {
      await server.stop()
    }
  })

  it.each([
    [['dance']],
    [['migrate', 'now']],
    [['config', 'frob']],
    [['start', 'main', 'quantum']],
    [['doctor', '-v']],
  ])('names a command that is none, and does nothing: %j', async args => {
    const ran = await run(args, { QSM_DATA_DIR: join(folder, 'untouched') })
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Usage') })
    expect(ran.err).toContain(`there is no command "${args.join(' ')}"`)
    expect(existsSync(join(folder, 'untouched'))).toBe(false)
  })

  it('helps wherever it is asked for help, says its version, and wants a command', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    for (const args of [['help'], ['-h'], ['start', '--help'], ['migrate', '--help']]) {
      const environment = { QSM_DATA_DIR: join(folder, 'untouched') }
      expect(await run(args, environment)).toMatchObject({ code: 0, out: expect.stringContaining('Usage'), err: '' })
    }
    expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
    expect(await run([])).toMatchObject({ code: 2, err: expect.stringContaining('a command is needed') })
    expect(existsSync(join(folder, 'untouched'))).toBe(false)
  }, 60_000)

  it('refuses a second start on the same data and names who holds it; doctor looks at that one', async () => {
    const first = await startTestServer({ QSM_DATA_DIR: join(folder, 'held'), QSM_ENV: 'development' })
    try {
      const second = await run(['start'], {
        QSM_DATA_DIR: join(folder, 'held'),
        PORT: '0',
        QUANTUM_PORT: '0',
        ADMIN_PORT: '0',
      })
      expect(second.code).toBe(1)
      expect(second.err).toContain(String(first.pid))
      const looked = await run(['doctor'], { QSM_DATA_DIR: join(folder, 'held') })
      expect(looked.out).not.toContain('FAIL')
      expect(looked.out).toContain(`reached; process ${first.pid} runs the server on it`)
      expect(looked.out).toContain('schema message')
      expect(looked.code).toBe(0)
    } finally {
      await first.stop()
    }
  }, 60_000)

  it('says which port is busy and how to choose another', async () => {
    const database = await createTestDatabase()
    const first = await startTestServer({ DATABASE_URL: database.url, QSM_DATA_DIR: join(folder, 'a') })
    try {
      const { port } = new URL(first.url)
      const second = await run(['start'], {
        DATABASE_URL: database.url,
        QSM_DATA_DIR: join(folder, 'a'),
        PORT: port,
        QUANTUM_PORT: '0',
        ADMIN_PORT: '0',
      })
      expect(second).toMatchObject({ code: 1 })
      expect(second.err).toContain(`Port ${port}`)
      expect(second.err).toContain('PORT=')
    } finally {
      await first.stop()
    }
  })

  it('finds the algorithms, the database and the schemas in order', async () => {
    const database = await createTestDatabase()
    expect(await run(['migrate'], { DATABASE_URL: database.url })).toMatchObject({ code: 0 })
    const ran = await run(['doctor'], { DATABASE_URL: database.url })
    expect(ran.out).not.toContain('FAIL')
    expect(ran.out).toContain('SHA-256')
    expect(ran.code).toBe(0)
  })

  it('migrates and examines one process with the variables that this one has', async () => {
    const database = await createTestDatabase()
    const main = {
      QSM_ENV: 'production',
      DATABASE_URL: database.url,
      JWT_SECRET: randomBytes(48).toString('base64'),
      QSM_DATA_DIR: join(folder, 'untouched'),
    }
    expect(await run(['config', 'check'], main)).toMatchObject({ code: 1, err: expect.stringContaining('QSM_KEK') })
    expect(await run(['migrate', 'main'], main)).toMatchObject({ code: 0, out: expect.stringContaining('Accounts') })
    const looked = await run(['doctor', 'main'], main)
    expect([looked.code, looked.out]).toEqual([0, expect.stringContaining('schema message')])
    expect(looked.out).not.toContain('schema crypto')
    const quantum = { ...main, QSM_KEK: `k1:${randomBytes(32).toString('base64')}` }
    const before = await run(['doctor', 'quantum'], quantum)
    expect([before.code, before.out]).toEqual([
      1,
      expect.stringMatching(/FAIL +schema crypto .*run qsm-server migrate quantum/),
    ])
    expect(await run(['migrate', 'quantum'], quantum)).toMatchObject({ code: 0 })
    const after = await run(['doctor', 'quantum'], quantum)
    expect([after.code, after.out]).toEqual([0, expect.not.stringContaining('schema auth')])
  })

  it('is live and ready on its admin port, counts on /metrics, and ends cleanly on SIGTERM', async () => {
    const database = await createTestDatabase()
    const server = await startTestServer({ DATABASE_URL: database.url, QSM_DATA_DIR: join(folder, 'b') })
    const status = async (path: string) => (await fetch(server.adminUrl + path)).status
    expect([await status('/livez'), await status('/readyz')]).toEqual([200, 200])
    await fetch(`${server.url}/api/health`)
    const metrics = await (await fetch(`${server.adminUrl}/metrics`)).text()
    for (const name of [
      'qsm_http_request_duration_seconds',
      'qsm_ws_connections',
      'qsm_message_sends_total',
      'nodejs_eventloop_lag',
    ]) {
      expect(metrics).toContain(name)
    }
    expect(await server.stop()).toBe(0)
  })
})
