import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../support/free-port.js'
import { type FrontProxy, type FrontProxyOptions, startFrontProxy } from '../../support/front-proxy.js'
import { type SdkServer, startSdkServer } from '../../support/sdk.js'
import { type Ran, runQsm, startQsm } from '../../support/terminal.js'

// Each process of the command line takes its time to start, and each check draws keys twice.
vi.setConfig({ testTimeout: 180_000 })

const folder = mkdtempSync(join(tmpdir(), 'qsm-check-'))
const opened: FrontProxy[] = []
let server: SdkServer

beforeAll(async () => {
  server = await startSdkServer()
}, 120_000)
afterEach(async () => {
  await Promise.all(opened.splice(0).map(proxy => proxy.close()))
})
afterAll(async () => {
  await server.end()
  rmSync(folder, { recursive: true, force: true })
})

const behind = async (options: FrontProxyOptions): Promise<string> => {
  const proxy = await startFrontProxy(server.url, options)
  opened.push(proxy)
  return proxy.url
}
const accounts = () => server.sql('SELECT username FROM auth.account')
const namesOf = ({ values }: Ran) => values.map(({ name, ok }) => `${ok ? 'ok' : 'FAIL'} ${name}`)
const detailOf = ({ values }: Ran, wanted: string) => String(values.find(({ name }) => name === wanted)?.detail)
const check = (url: string, ...more: readonly string[]) => runQsm(['--url', url, '--json', 'check', ...more])
const passed = [
  'server',
  'clock',
  'register',
  'login',
  'socket',
  'connect',
  'message',
  'answer',
  'acknowledged',
  'remove',
].map(name => `ok ${name}`)

describe('qsm check', () => {
  it('has two new users say one thing each over sockets, times each step, and leaves no account', async () => {
    const ran = await check(server.url)
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(namesOf(ran)).toEqual(passed)
    for (const value of ran.values) expect(value.duration_ms).toEqual(expect.any(Number))
    expect(await accounts()).toEqual([])
  })

  it('says for people a line for each step, and no password', async () => {
    let sent = ''
    const url = await behind({
      onBody: part => {
        sent += String(part)
      },
    })
    const ran = await runQsm(['--url', url, 'check'])
    const passwords = [...sent.matchAll(/"password":"([^"]+)"/g)].map(([, password]) => String(password))
    expect(new Set(passwords).size).toBe(2)
    for (const password of passwords) expect(ran.out).not.toContain(password)
    expect(ran).toMatchObject({ code: 0, err: '' })
    const lines = ran.out.trimEnd().split('\n')
    expect(lines).toHaveLength(passed.length)
    for (const line of lines) expect(line).toMatch(/^ok {4}[a-z]+ +\S.* \([0-9]+ ms\)$/)
  })

  it('fails at the sockets where a proxy refuses upgrades, says what to do, and removes the accounts', async () => {
    const ran = await check(await behind({ upgrades: 'refuse' }))
    expect(ran.code).toBe(1)
    expect(namesOf(ran)).toEqual([...passed.slice(0, 4), 'FAIL socket', 'ok remove'])
    expect(detailOf(ran, 'socket')).toMatch(
      /only polling: The server answered 400 to the socket\. Let every proxy in front pass WebSocket upgrades of \/ws/,
    )
    expect(JSON.parse(ran.err)).toEqual({
      error: { code: 'failed', message: 'The installation does not pass: see FAIL above.' },
    })
    expect(await accounts()).toEqual([])
  })

  it('says at which step it stood when its time is over, and removes the accounts', async () => {
    const ran = await check(await behind({ holds: /\/prekeys$/ }), '--timeout', '10')
    expect(ran.code).toBe(1)
    expect(namesOf(ran)).toEqual([...passed.slice(0, 3), 'FAIL login', 'ok remove'])
    expect(detailOf(ran, 'login')).toMatch(/^stood here when 10 s were over \(--timeout\): see the log/)
    expect(await accounts()).toEqual([])
  })

  it('removes the accounts when it is told to end', async () => {
    const { child, until, ended } = startQsm(['--url', await behind({ upgrades: 'hold' }), '--json', 'check'])
    await until('"name":"login"')
    expect(await accounts()).toHaveLength(2)
    child.kill('SIGTERM')
    const ran = await ended
    expect(ran.code).toBe(1)
    expect(namesOf(ran)).toEqual([...passed.slice(0, 4), 'FAIL socket', 'ok remove'])
    expect(detailOf(ran, 'socket')).toContain('stood here when SIGTERM came')
    expect(await accounts()).toEqual([])
  })

  it('names the accounts that it could not remove', async () => {
    const ran = await check(await behind({ upgrades: 'refuse', holds: /^\/api\/account/ }))
    expect(namesOf(ran)).toEqual([...passed.slice(0, 4), 'FAIL socket', 'FAIL remove'])
    const left = await accounts()
    expect(left).toHaveLength(2)
    for (const { username } of left) expect(detailOf(ran, 'remove')).toContain(String(username))
    await server.sql('DELETE FROM auth.account')
  })

  it('makes no account where no server answers', async () => {
    const ran = await check(`http://127.0.0.1:${await freePort()}`)
    expect(ran.code).toBe(1)
    expect(namesOf(ran)).toEqual(['FAIL server'])
    expect(detailOf(ran, 'server')).toMatch(/does not answer: is it running, and is the address right .*ECONNREFUSED/)
  })

  it.skipIf(process.getuid?.() !== 0)(
    'needs no home, no HOME and no user that the system knows (skipped unless the tests run as root)',
    async () => {
      const ran = await startQsm(['--url', server.url, '--json', 'check'], {}, { uid: 54_321, cwd: '/' }).ended
      expect(ran).toMatchObject({ code: 0, err: '' })
      const other = await startQsm(['whoami'], {}, { uid: 54_321, cwd: '/' }).ended
      expect(other).toMatchObject({ code: 2, err: expect.stringContaining('give --home or QSM_HOME') })
    },
  )

  it('tells in its help of the time limit, post-quantum TLS and a CA of one’s own', async () => {
    const { out, code } = await runQsm(['check', '--help'])
    expect(code).toBe(0)
    for (const text of ['60 s', '--timeout', '--require-post-quantum-tls', 'Node 24', 'NODE_EXTRA_CA_CERTS'])
      expect(out).toContain(text)
  })

  it('takes no time limit but whole seconds up to a day', async () => {
    const ran = await check(server.url, '--timeout', '86401')
    expect(ran).toMatchObject({
      code: 2,
      err: expect.stringContaining('--timeout: a whole number above 0, at most 86400'),
    })
  })
})

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'])
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!hasOpenssl)('qsm check over TLS (skipped without openssl)', () => {
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const canSeeGroup = Number.parseInt(process.versions.node, 10) >= 24
  let url: string
  const tls = () => ({ key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') })
  beforeAll(() => {
    const subject = ['-subj', '/CN=qsm check', '-addext', 'subjectAltName=IP:127.0.0.1']
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
    execFileSync('openssl', ['req', '-x509', ...key, '-out', certFile, ...subject], { stdio: 'ignore' })
  })
  beforeEach(async () => {
    url = await behind({ tls: tls() })
  })
  const trusting = (...more: readonly string[]) =>
    runQsm(['--url', url, '--json', 'check', ...more], { NODE_EXTRA_CA_CERTS: certFile })

  it('passes where NODE_EXTRA_CA_CERTS names the CA, and says TLS version and group', async () => {
    const ran = await trusting()
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(namesOf(ran)).toEqual([...passed.slice(0, 2), 'ok TLS', ...passed.slice(2)])
    expect(detailOf(ran, 'TLS')).toMatch(
      canSeeGroup ? /^TLSv1\.3, X25519MLKEM768$/ : /^TLSv1\.3; key-exchange group not run: needs Node 24/,
    )
  })

  it('fails by --require-post-quantum-tls where that was not seen, and tries the rest', async () => {
    const ran = await trusting('--require-post-quantum-tls')
    expect(namesOf(ran)).toEqual([...passed.slice(0, 2), `${canSeeGroup ? 'ok' : 'FAIL'} TLS`, ...passed.slice(2)])
    expect(ran.code).toBe(canSeeGroup ? 0 : 1)
  })

  it('fails by --require-post-quantum-tls where the server agrees on X25519 alone', async () => {
    url = await behind({ tls: { ...tls(), ecdhCurve: 'X25519' } })
    const ran = await trusting('--require-post-quantum-tls')
    expect(ran.code).toBe(1)
    expect(namesOf(ran)).toEqual([...passed.slice(0, 2), 'FAIL TLS', ...passed.slice(2)])
    expect(detailOf(ran, 'TLS')).toMatch(canSeeGroup ? /^TLSv1\.3, X25519: not post-quantum\. Let/ : /needs Node 24/)
  })

  it('says of a certificate that is not trusted how to name its CA', async () => {
    const ran = await check(url)
    expect(namesOf(ran)).toEqual(['FAIL server'])
    expect(detailOf(ran, 'server')).toMatch(
      /is not trusted here \(DEPTH_ZERO_SELF_SIGNED_CERT\): .*NODE_EXTRA_CA_CERTS/,
    )
  })
})
