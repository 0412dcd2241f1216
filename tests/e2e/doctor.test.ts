import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startFakeVault } from '../../services/quantum-crypto/test/support/fake-vault.js'
import { createTestDatabase } from '../support/database.js'
import { hasRedis, startRedis } from '../support/redis.js'
import { withRightsOfManual } from '../support/redis-rights.js'
import { startTestServer, type TestServer } from '../support/server.js'

const program = fileURLToPath(new URL('../../services/standalone/bin/qsm-server.js', import.meta.url))
const secret = randomBytes(48).toString('base64')
const folder = mkdtempSync(join(tmpdir(), 'qsm-doctor-'))
let server: TestServer
let pod: Readonly<Record<string, string>>

beforeAll(async () => {
  const database = await createTestDatabase()
  server = await startTestServer({ DATABASE_URL: database.url, JWT_SECRET: secret, QSM_DATA_DIR: folder })
  pod = {
    QSM_ENV: 'production',
    DATABASE_URL: database.url,
    JWT_SECRET: secret,
    AUTH_URL: server.url,
    QUANTUM_API_URL: server.quantumUrl,
    QSM_PUBLIC_URL: server.url,
  }
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** `NAME -> state` and `NAME -> text`, and the exit code. */
const doctor = async (target: string, environment: Readonly<Record<string, string>>) => {
  const env = { PATH: process.env.PATH ?? '', ...environment }
  const { code, out } = await promisify(execFile)(process.execPath, [program, 'doctor', target], {
    env,
    timeout: 60_000,
  }).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, out: error.stdout }),
  )
  const lines = [...out.matchAll(/^(ok|FAIL|not run) +(.+?) {2,}(.+)$/gm)]
  const states = Object.fromEntries(lines.map(([, state, name]) => [name, state]))
  const texts = Object.fromEntries(lines.map(([, , name, text]) => [name, text]))
  return { code, out, states, texts }
}

vi.setConfig({ testTimeout: 120_000 })

describe('doctor within a pod', () => {
  it('reads the variables of that pod alone, and finds everything that it needs in order', async () => {
    const message = await doctor('message', pod)
    expect(message.states).toMatchObject({
      'Node.js': 'ok',
      configuration: 'ok',
      'self-test': 'ok',
      database: 'ok',
      'schema message': 'ok',
      clock: 'ok',
      Redis: 'not run',
      AUTH_URL: 'ok',
      QUANTUM_API_URL: 'ok',
      'public address': 'ok',
      'public WebSocket': 'ok',
      'public TLS': 'not run',
    })
    expect(message.states).not.toHaveProperty('schema auth')
    expect(message.states).not.toHaveProperty('key-encryption key')
    expect(message.code).toBe(0)
    const auth = await doctor('auth', pod)
    expect([auth.code, auth.states['schema auth'], auth.states.AUTH_URL]).toEqual([0, 'ok', undefined])
    const quantum = await doctor('quantum-crypto', pod)
    expect([quantum.code, quantum.out]).toEqual([1, expect.stringContaining('QSM_KEK: must be set in production')])
  })

  it('names what is wrong with each neighbour and what to do, without a secret', async () => {
    const other = randomBytes(48).toString('base64')
    const away = 'redis://qsm:hidden-password@127.0.0.1:1'
    const ran = await doctor('message', {
      ...pod,
      JWT_SECRET: other,
      QUANTUM_API_URL: server.url,
      REDIS_URL: away,
      QSM_PUBLIC_URL: server.quantumUrl,
    })
    expect(ran.code).toBe(1)
    expect(ran.texts.AUTH_URL).toContain('give both the same JWT_SECRET')
    expect(ran.texts.QUANTUM_API_URL).toContain('start the quantum service, or correct QUANTUM_API_URL')
    expect(ran.texts.Redis).toContain('ECONNREFUSED')
    expect(ran.texts['public address']).toContain('not as the message service does')
    expect(ran.texts['public WebSocket']).toContain('let the proxy hand /ws on to the message service')
    for (const hidden of [other, 'hidden-password']) expect(ran.out).not.toContain(hidden)
  })

  it('wraps and opens with the key-encryption key of quantum-crypto, its own or that in Vault, and says what to do where it cannot', async () => {
    const own = await doctor('quantum-crypto', { ...pod, QSM_KEK: `k7:${randomBytes(32).toString('base64')}` })
    expect([own.code, own.texts['key-encryption key']]).toEqual([0, '"k7" wraps and opens'])
    const vault = await startFakeVault()
    const { url, token, key, mount } = vault.address
    const inVault = {
      ...pod,
      QSM_KEK_VAULT_URL: url,
      QSM_KEK_VAULT_TOKEN: token.reveal(),
      QSM_KEK_VAULT_KEY: key,
      QSM_KEK_VAULT_MOUNT: mount,
    }
    const there = await doctor('quantum-crypto', inVault)
    expect([there.code, there.texts['key-encryption key']]).toEqual([0, `"vault:${mount}/${key}:v1" wraps and opens`])
    await vault.stop()
    const away = await doctor('quantum-crypto', inVault)
    expect([away.code, away.states['key-encryption key']]).toEqual([1, 'FAIL'])
    expect(away.texts['key-encryption key']).toContain('start it, or correct QSM_KEK_VAULT_URL')
    expect(away.out).not.toContain(token.reveal())
  })

  it.skipIf(!hasRedis)('names the rights that the user of Redis lacks (needs redis-server)', async () => {
    const redis = await startRedis()
    try {
      const url = withRightsOfManual(redis)
      expect((await doctor('message', { ...pod, REDIS_URL: url })).states.Redis).toBe('ok')
      redis.command('ACL', 'SETUSER', 'qsm', '-sadd', '-publish')
      const ran = await doctor('message', { ...pod, REDIS_URL: url })
      expect([ran.code, ran.texts.Redis]).toEqual([1, expect.stringContaining('may not run sadd, publish on qsm:*')])
    } finally {
      await redis.close()
    }
  })
})

const hasHybridTls = Number(process.versions.node.split('.')[0]) >= 24

describe('doctor at an https address', () => {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  /** A proxy with TLS in these groups. */
  const startProxy = async (ecdhCurve: string) => {
    const files = { key: readFileSync(key), cert: readFileSync(certificate) }
    const proxy = createServer({ ...files, ecdhCurve }, (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"service":"qsm","status":"healthy"}')
    })
    proxy.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'))
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
    return { url: `https://localhost:${(proxy.address() as AddressInfo).port}`, close: () => proxy.close() }
  }
  beforeAll(() => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', certificate]
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
  })
  const examine = async (ecdhCurve: string) => {
    const { url, close } = await startProxy(ecdhCurve)
    try {
      return await doctor('message', { ...pod, QSM_PUBLIC_URL: url, NODE_EXTRA_CA_CERTS: certificate })
    } finally {
      close()
    }
  }

  it.skipIf(hasHybridTls)('says before Node 24 that it cannot see the key exchange', async () => {
    const { code, states, texts } = await examine('auto')
    expect([code, states['public WebSocket'], states['public TLS']]).toEqual([0, 'ok', 'not run'])
    expect(texts['public TLS']).toContain('needs Node 24')
  })

  it.skipIf(!hasHybridTls)('wants X25519MLKEM768 (needs Node 24)', async () => {
    const hybrid = await examine('X25519MLKEM768:X25519')
    expect([hybrid.code, hybrid.texts['public TLS']]).toEqual([0, 'TLSv1.3 with X25519MLKEM768'])
    const classical = await examine('X25519')
    expect([classical.code, classical.texts['public TLS']]).toEqual([
      1,
      expect.stringMatching(/^TLSv1.3 with X25519: .*let the proxy offer X25519MLKEM768/),
    ])
  })

  it('says which certificate is not trusted', async () => {
    const { url, close } = await startProxy('auto')
    const { code, texts } = await doctor('message', { ...pod, QSM_PUBLIC_URL: url })
    close()
    expect([code, texts['public address']]).toEqual([1, expect.stringContaining('self-signed certificate')])
  })
})
