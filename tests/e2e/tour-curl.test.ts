import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase } from '../support/database.js'
import { startTestServer } from '../support/server.js'
import { type ServerPair, startServerPair } from '../support/server-pair.js'

vi.setConfig({ testTimeout: 300_000 })

const script = fileURLToPath(new URL('../../scripts/tour-curl.sh', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-tour-curl-'))
let pair: ServerPair | null = null

const walk = async (url: string): Promise<{ code: number | null; out: string; err: string }> => {
  const child = spawn(script, [url], { env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', data => {
    out += String(data)
  })
  child.stderr.on('data', data => {
    err += String(data)
  })
  const [code] = await once(child, 'close')
  return { code: code as number | null, out, err }
}

const health = async (): Promise<unknown> =>
  ((await (await fetch(`${pair?.url}/api/health`)).json()) as { readonly status: unknown }).status

afterAll(async () => {
  await pair?.end()
  rmSync(folder, { recursive: true, force: true })
})

describe('scripts/tour-curl.sh', () => {
  it('walks the whole way of a thin client through one process', async () => {
    const database = await createTestDatabase()
    const server = await startTestServer({ DATABASE_URL: database.url, QSM_DATA_DIR: folder })
    try {
      const walked = await walk(server.url)
      expect(walked).toMatchObject({ code: 0, err: '' })
      expect(walked.out).toContain('Everything was as expected.')
    } finally {
      await server.stop()
    }
  })

  it('walks it through two processes, and shows no token, key or secret whole', async () => {
    pair = await startServerPair()
    await expect.poll(health, { timeout: 20_000 }).toBe('healthy')
    const walked = await walk(pair.url)
    expect(walked).toMatchObject({ code: 0, err: '' })
    expect(walked.out.split('\n').length).toBeGreaterThan(60)
    expect(walked.out).not.toMatch(/"(access_token|refresh_token|shared_secret|ticket)":"[^"]{12}/)
  })

  it('ends with 1 at the first surprise, and says what it is', async () => {
    await pair?.quantum.kill()
    await expect.poll(health, { timeout: 20_000 }).toBe('degraded')
    const walked = await walk((pair as ServerPair).url)
    expect(walked.code).toBe(1)
    expect(walked.err).toContain('A surprise: it should hold "status":"healthy"')
    expect(walked.out).not.toContain('/api/register')
  })
})
