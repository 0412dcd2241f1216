import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase } from '../support/database.js'
import { freePort } from '../support/free-port.js'
import { launchServer, type TestProcess } from '../support/server.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-two-processes-'))
const dataFolder = join(folder, 'data')
const running: TestProcess[] = []
let ports: { main: number; quantum: number }

const launch = (part: 'main' | 'quantum', environment: Readonly<Record<string, string>> = {}): TestProcess => {
  const server = launchServer(['start', part], {
    ...(environment.AZURE_ENV ? {} : { QSM_ENV: 'development' }),
    QSM_DATA_DIR: dataFolder,
    PORT: String(ports.main),
    QUANTUM_PORT: String(ports.quantum),
    DRAIN_SECONDS: '1',
    ...environment,
  })
  running.push(server)
  return server
}

const main = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${ports.main}${path}`, init)
const health = async () => {
  const response = await main('/api/health')
  return { code: response.status, ...((await response.json()) as Record<string, unknown>) }
}
const post = async (path: string, body: unknown) => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return (await (await main(path, init)).json()) as Record<string, unknown>
}
const healthy = { code: 200, status: 'healthy', quantum_service: 'ok' }
const degraded = { code: 200, status: 'degraded', database: 'ok', quantum_service: 'unavailable' }
const patience = { timeout: 20_000, interval: 100 }
const databasePort = () => Number(new URL(readFileSync(join(dataFolder, 'postgres-url'), 'utf8').trim()).port)

/** Whether a token of the main application passes at the quantum service: a 401 says that it does not. */
const quantumTakes = async (token: unknown): Promise<boolean> => {
  const url = `http://127.0.0.1:${ports.quantum}/api/quantum/session/alice`
  return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status !== 401
}

vi.setConfig({ testTimeout: 120_000 })

beforeAll(async () => {
  ports = { main: await freePort(), quantum: await freePort() }
})

afterEach(async () => {
  // Those on the database before the one that holds it.
  for (const server of running.splice(0).reverse()) await server.stop()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the quantum service as a process of its own', () => {
  it('waits for the main application, says so, and then serves with its tokens on its database', async () => {
    const quantum = launch('quantum')
    expect(await quantum.says('waiting:')).toContain('qsm-server start main')
    await launch('main').ready
    await quantum.ready
    await expect.poll(health, patience).toMatchObject(healthy)
    expect(statSync(join(dataFolder, 'postgres-url')).mode & 0o777).toBe(0o600)

    await post('/api/register', { username: 'alice', email: 'a@example.org', password: 'correct horse battery' })
    const login = await post('/api/login', { username: 'alice', password: 'correct horse battery' })
    expect(login.quantum_ready).toBe(true)
    expect(await quantumTakes(login.access_token)).toBe(true)
    expect(await quantumTakes('forged')).toBe(false)
  })

  it('ends at once with 0 when it is stopped while it waits', async () => {
    const quantum = launch('quantum', { QSM_DATA_DIR: join(folder, 'nothing-here') })
    await quantum.says('waiting:')
    expect(await quantum.stop()).toBe(0)
  })

  it('goes on when the main application comes back, on the same port of the database or on another', async () => {
    const first = launch('main')
    await first.ready
    const quantum = launch('quantum')
    await quantum.ready
    await first.stop()
    const port = databasePort()

    const second = launch('main')
    await second.ready
    expect(databasePort()).toBe(port)
    await expect.poll(health, patience).toMatchObject(healthy)
    await second.stop()

    const squatter = createServer()
    await new Promise<void>(resolve => squatter.listen(port, '127.0.0.1', resolve))
    try {
      await launch('main').ready
      expect(databasePort()).not.toBe(port)
      await expect.poll(quantum.log, patience).toContain('starts anew')
      await expect.poll(health, patience).toMatchObject(healthy)
      const login = await post('/api/login', { username: 'alice', password: 'correct horse battery' })
      expect(await quantumTakes(login.access_token)).toBe(true)
    } finally {
      squatter.close()
    }
  })
})

describe('the main application as a process of its own', () => {
  it('is degraded but serves while the quantum service is away, and healthy again by itself', async () => {
    await launch('main').ready
    expect(await health()).toMatchObject(degraded)
    const account = { username: 'early', email: 'e@example.org', password: 'correct horse battery' }
    expect((await post('/api/register', account)).quantum_ready).toBe(false)
    const quantum = launch('quantum')
    await expect.poll(health, patience).toMatchObject(healthy)
    const { username, password } = account
    expect((await post('/api/login', { username, password })).quantum_ready).toBe(true)
    await quantum.kill()
    await expect.poll(health, patience).toMatchObject(degraded)
    expect((await post('/api/login', { username, password })).quantum_ready).toBe(false)
  })
})

describe('both on a server of DATABASE_URL', () => {
  it('find each other in production by environment alone, and write nothing to the disk', async () => {
    const database = await createTestDatabase()
    const unwritten = { QSM_DATA_DIR: join(folder, 'unwritten') }
    const shared = {
      ...unwritten,
      AZURE_ENV: 'production',
      DATABASE_URL: database.url,
      JWT_SECRET: randomBytes(48).toString('base64'),
      ALLOWED_ORIGINS: 'https://app.example.org',
    }
    const quantum = launch('quantum', {
      ...shared,
      QSM_KEK: `k1:${randomBytes(32).toString('base64')}`,
      AUTH_URL: `http://127.0.0.1:${ports.main}`,
    })
    await launch('main', {
      ...shared,
      QUANTUM_API_URL: `http://localhost:${ports.quantum}`,
      QUANTUM_PUBLIC_URL: 'https://quantum.example.org',
    }).ready
    await quantum.ready
    await expect.poll(health, patience).toMatchObject(healthy)
    expect(await (await main('/api/config')).json()).toMatchObject({ quantum_api: 'https://quantum.example.org' })
    const account = { username: 'outside', email: 'o@example.org', password: 'correct horse battery' }
    await post('/api/register', account)
    const { access_token } = await post('/api/login', { username: 'outside', password: account.password })
    expect(await quantumTakes(access_token)).toBe(true)
    expect(existsSync(unwritten.QSM_DATA_DIR)).toBe(false)
  })

  it('wait for it, and say where', async () => {
    const nobody = `postgresql://qsm:password@127.0.0.1:${await freePort()}/qsm`
    const quantum = launch('quantum', { DATABASE_URL: nobody })
    const said = await quantum.says('waiting:')
    expect(said).toContain('correct DATABASE_URL')
    expect(said).not.toContain('password')
    expect(await quantum.stop()).toBe(0)
  })
})
