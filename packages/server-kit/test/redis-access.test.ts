import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../../tests/support/free-port.js'
import { hasRedis, startRedis } from '../../../tests/support/redis.js'
import { startSentinel } from '../../../tests/support/redis-sentinel.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { type Bus, createMetrics, createRedisBus, probeRedis, readVariables, redisVariables } from '../src/index.js'

const userId = '01890a5d-ac96-774b-bcce-b302099a8057'
const masterName = 'qsm-test'
const patience = { timeout: 30_000, interval: 100 }
const busProgram = fileURLToPath(new URL('fixtures/bus-state.ts', import.meta.url))
const title = 'the bus over Redis'

describe.skipIf(!hasRedis)(hasRedis ? title : `${title}: not run, no redis-server here`, { timeout: 90_000 }, () => {
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  test('says once that Redis refuses its password, and does not show it', async () => {
    const redis = await startRedis('--requirepass', 'right')
    closing.push(() => redis.close())
    const warnings: string[] = []
    const log = {
      ...silentLog,
      debug: () => {},
      info: () => {},
      warn: (...said: unknown[]) => warnings.push(JSON.stringify(said)),
    }
    const address = {
      url: `redis://:mistaken@127.0.0.1:${redis.port}`,
      sentinels: [],
      sentinelName: '',
      cluster: false,
    }
    const bus = createRedisBus({ ...address, log: log as never, metrics: createMetrics(), onError: () => {} })
    closing.push(() => bus.close())
    const refusals = () => warnings.filter(said => said.includes('correct name and password in REDIS_URL'))
    await vi.waitFor(() => expect(refusals()).toHaveLength(1), patience)
    expect(refusals()[0]).toContain('WRONGPASS')
    await new Promise(resolve => setTimeout(resolve, 1_000))
    expect(refusals()).toHaveLength(1)
    expect(warnings.join()).not.toContain('mistaken')
  })

  test('follows its sentinels to the replica when the master dies', async () => {
    const master = await startRedis()
    const replica = await startRedis('--replicaof', '127.0.0.1', String(master.port))
    const sentinel = await startSentinel(masterName, master.port)
    closing.push(() => master.close(), replica.close, sentinel.close)
    const open = (): Bus => {
      const address = {
        url: 'redis://ignored:1',
        sentinels: [sentinel.address],
        sentinelName: masterName,
        cluster: false,
      }
      const bus = createRedisBus({ ...address, log: silentLog, metrics: createMetrics(), onError: () => {} })
      closing.push(() => bus.close())
      return bus
    }
    const [one, other] = [open(), open()]
    const heard: number[] = []
    other.want(userId)
    other.subscribe('mailbox', hint => heard.push(hint.device_id))
    let number = 0
    // Hints of the moment may be lost, so it is said until it is heard.
    const oneIsHeard = () =>
      vi.waitFor(() => {
        number += 1
        one.publish({ kind: 'mailbox', user_id: userId, device_id: number })
        expect(heard.length).toBeGreaterThan(0)
      }, patience)
    await oneIsHeard()

    await master.kill()
    await vi.waitFor(() => expect(replica.command('INFO', 'replication')).toContain('role:master'), patience)
    heard.length = 0
    await oneIsHeard()
    expect(replica.command('PUBSUB', 'CHANNELS', 'qsm:hints:*')).toContain('qsm:hints:all')
    // Each connection finds the new master in its own time.
    await vi.waitFor(() => expect([one.state, other.state]).toEqual(['ok', 'ok']), patience)
  })

  test.each([{}, { user: 'sentinel' }])(
    'tells sentinels what they ask for, and finds no master without it: %j',
    async ({ user }) => {
      const password = 'that-of-the-sentinels'
      const master = await startRedis()
      const replica = await startRedis('--replicaof', '127.0.0.1', String(master.port))
      const sentinel = await startSentinel(masterName, master.port, { ...(user ? { user } : {}), password })
      closing.push(() => master.close(), replica.close, sentinel.close)
      const where = {
        REDIS_URL: 'redis://ignored:1',
        REDIS_SENTINELS: sentinel.address,
        REDIS_SENTINEL_NAME: masterName,
        ...(user ? { REDIS_SENTINEL_USERNAME: user } : {}),
      }
      const probe = (more: Readonly<Record<string, string>>) =>
        probeRedis(readVariables(redisVariables, { ...where, ...more }))

      expect(await probe({ REDIS_SENTINEL_PASSWORD: password })).toEqual([])
      await expect(probe({})).rejects.toThrow(/NOAUTH|WRONGPASS/)
      await expect(probe({ REDIS_SENTINEL_PASSWORD: 'another' })).rejects.toThrow(/WRONGPASS|NOAUTH/)
      if (user)
        await expect(probe({ REDIS_SENTINEL_PASSWORD: password, REDIS_SENTINEL_USERNAME: 'other' })).rejects.toThrow(
          /WRONGPASS|NOAUTH/,
        )
    },
  )

  test('goes by TLS where the address says rediss, to a server that the process trusts and to no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'qsm-tls-'))
    closing.push(() => rmSync(folder, { recursive: true, force: true }))
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', certificate]
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
    const tlsPort = await freePort()
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no']
    const redis = await startRedis('--tls-port', String(tlsPort), ...files)
    closing.push(() => redis.close())

    const stateOf = async (environment: Record<string, string>) => {
      const args = ['--conditions=qsm-source', '--import', 'tsx', busProgram, `rediss://localhost:${tlsPort}`]
      const child = spawn(process.execPath, args, { env: { ...process.env, ...environment }, stdio: 'pipe' })
      let said = ''
      child.stdout.on('data', data => {
        said += data
      })
      await once(child, 'close')
      return said.trim()
    }
    expect(await stateOf({ NODE_EXTRA_CA_CERTS: certificate })).toBe('ok')
    expect(await stateOf({})).toBe('unavailable')
  })
})
