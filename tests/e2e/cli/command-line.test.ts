import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { newName, password, type SdkServer, startSdkServer } from '../../support/sdk.js'
import { runQsm, startQsm } from '../../support/terminal.js'

// Each process of the command line takes its time to start.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'qsm-command-line-'))
let server: SdkServer
/** Answers everything, and is no QSM server. */
let stranger: Server
let strangerUrl: string
let homes = 0
const newHome = (): string => {
  homes += 1
  return join(folder, `home-${homes}`)
}

beforeAll(async () => {
  server = await startSdkServer()
  stranger = createServer((_request, response) => response.end('<h1>It works!</h1>'))
  await new Promise<void>(resolve => stranger.listen(0, '127.0.0.1', resolve))
  strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
}, 60_000)
afterAll(async () => {
  await new Promise(resolve => stranger.close(resolve))
  await server.end()
  rmSync(folder, { recursive: true, force: true })
})

describe('qsm', () => {
  it('prints its help on standard output and ends with 0, also that of one command', async () => {
    const [all, one] = await Promise.all([runQsm(['--help']), runQsm(['send', '--help'])])
    expect(all).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Examples:') })
    expect(one).toMatchObject({ code: 0, err: '', out: expect.stringContaining('cat file | qsm send bob --lines') })
    expect(one.out).not.toContain('register')
  })

  it('ends with 2 for wrong usage, says on standard error what is wrong and where to look, and makes no home', async () => {
    const home = newHome()
    const [plain, json] = await Promise.all([
      runQsm(['--home', home, 'request']),
      runQsm(['--home', home, '--json', 'request', 'bob', 'carol']),
    ])
    expect(plain).toEqual({
      code: 2,
      out: '',
      err: 'qsm: request: NAME is needed\nTry: qsm request --help\n',
      values: [],
    })
    expect(json).toMatchObject({ code: 2, out: '' })
    expect(JSON.parse(json.err)).toEqual({ error: { code: 'usage', message: 'request: "carol" is one too many' } })
    expect(existsSync(home)).toBe(false)
  })

  it('registers nobody without an e-mail address', async () => {
    const place = ['--home', newHome(), '--url', server.url]
    const ran = await runQsm([...place, 'register', newName('alice')], { QSM_PASSWORD: password })
    expect(ran).toMatchObject({ code: 2, err: 'qsm: register: --email is needed\nTry: qsm register --help\n' })
  })

  it.each([
    ['whoami'],
    ['users'],
    ['request', 'bob'],
    ['pending'],
    ['accept', 'bob'],
    ['reject', 'bob'],
    ['start', 'bob'],
    ['send', 'bob', 'hello'],
    ['receive'],
    ['listen'],
    ['devices'],
    ['remove-device', '7'],
    ['safety-number', 'bob'],
    ['accept-identity', 'bob'],
    ['logout'],
  ])('says to %s where nobody is logged in that one has to log in, and how, and ends with 1', async (...args) => {
    const ran = await runQsm(['--home', newHome(), '--url', server.url, '--json', ...args])
    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(JSON.parse(ran.err)).toEqual({
      error: {
        code: 'not_logged_in',
        message: 'Nobody is logged in here: register or log in first (qsm register, qsm login; --home says where).',
      },
    })
  })

  it('says what to look at where the server does not answer, or is another one', async () => {
    const environment = { QSM_PASSWORD: password }
    const register = ['register', 'alice', '--email', 'alice@example.org']
    const [away, other] = await Promise.all([
      runQsm(['--home', newHome(), '--url', 'http://127.0.0.1:1', ...register], environment),
      runQsm(['--home', newHome(), '--url', strangerUrl, ...register], environment),
    ])
    expect(away).toMatchObject({ code: 1, out: '' })
    expect(away.err).toContain(
      'http://127.0.0.1:1 does not answer. Is the server running, and is the address right (qsm: --url)?',
    )
    expect(other).toMatchObject({ code: 1, out: '' })
    expect(other.err).toMatch(/The answer to register is not understood .*Check the address/)
  })

  it('cannot use a home that is a file, and says so', async () => {
    const ran = await runQsm(['--home', join(import.meta.dirname, 'command-line.test.ts'), 'whoami'])
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('use another folder (qsm: another --home)') })
  })

  it('says so too of a home where the system makes no folders, and ends', async () => {
    const { child, ended } = startQsm(['--home', '/proc/qsm/home', 'whoami'])
    const deadline = setTimeout(() => child.kill('SIGKILL'), 30_000)
    const ran = await ended
    clearTimeout(deadline)
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('The store in /proc/qsm/home cannot be used') })
    expect(ran.err).toContain('use another folder (qsm: another --home)')
  })
})

describe('a password', () => {
  it('comes from standard input or from the environment, and a wrong one is refused without a word about which', async () => {
    const [name, home] = [newName('alice'), newHome()]
    const place = ['--home', home, '--url', server.url, '--json']
    const registered = await runQsm(
      [...place, 'register', name, '--email', 'a@example.org', '--password-stdin'],
      {},
      `${password}\n`,
    )
    expect(registered).toMatchObject({
      code: 0,
      values: [{ username: name, user_id: expect.any(String), url: server.url }],
    })
    expect(await runQsm([...place, 'login', name], { QSM_PASSWORD: password })).toMatchObject({ code: 0 })
    const wrong = await runQsm([...place, 'login', name, '--password-stdin'], {}, 'another\n')
    expect(wrong).toMatchObject({ code: 1, out: '' })
    expect(JSON.parse(wrong.err)).toMatchObject({ error: { code: 'invalid_credentials' } })
    const nobody = await runQsm([...place, 'login', newName('nobody'), '--password-stdin'], {}, 'another\n')
    expect(nobody.err).toBe(wrong.err)
  })

  it('is wrong usage on the command line, and where there is none and no terminal', async () => {
    const [home, name] = [newHome(), newName('alice')]
    const place = ['--home', home, '--url', server.url]
    const shown = await runQsm([...place, 'login', name, '--password', 'hunter2'])
    expect(shown).toMatchObject({ code: 2, err: expect.stringContaining('never stands on the command line') })
    expect(shown.err).not.toContain('hunter2')
    expect(await runQsm([...place, 'login', name])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--password-stdin, QSM_PASSWORD, or a terminal'),
    })
    expect(await runQsm([...place, 'login', name, '--password-stdin'])).toMatchObject({ code: 2 })
  })
})

describe('a home', () => {
  it('knows its server: later commands and the next login need no address', async () => {
    const [name, home] = [newName('alice'), newHome()]
    const environment = { QSM_HOME: home, QSM_PASSWORD: password }
    const registered = await runQsm(['register', name, '--email', 'a@example.org'], {
      ...environment,
      QSM_URL: server.url,
    })
    expect(registered).toMatchObject({ code: 0, out: `Registered and logged in as ${name}.\n` })
    const [me, devices] = await Promise.all([
      runQsm(['--json', 'whoami'], environment),
      runQsm(['--json', 'devices'], environment),
    ])
    expect(me.values).toEqual([{ username: name, user_id: expect.any(String), url: server.url }])
    expect(devices.values).toEqual([
      { device_id: expect.any(Number), created_at: expect.any(String), is_this: true, managed: false },
    ])
    expect(await runQsm(['--json', 'logout'], environment)).toMatchObject({ code: 0, values: [{ logged_out: true }] })
    expect(await runQsm(['whoami'], environment)).toMatchObject({ code: 1 })
    expect(await runQsm(['--json', 'login', name], environment)).toMatchObject({
      code: 0,
      values: [{ url: server.url }],
    })
    const again = await runQsm(['--json', 'devices'], environment)
    expect(again.values).toEqual(devices.values)
  })

  it('is not mixed with another account', async () => {
    const [name, home] = [newName('alice'), newHome()]
    const place = ['--home', home, '--url', server.url]
    const environment = { QSM_PASSWORD: password }
    const register = (who: string) => runQsm([...place, 'register', who, '--email', 'a@example.org'], environment)
    expect(await register(name)).toMatchObject({ code: 0 })
    expect(await register(newName('bob'))).toMatchObject({
      code: 1,
      err: expect.stringContaining(`This store belongs to ${name} at ${server.url}. Use another one`),
    })
  })
})

describe('qsm doctor', () => {
  const doctor = async (...args: readonly string[]) => {
    const ran = await runQsm(['--json', ...args, 'doctor'])
    const findings = ran.values as readonly { name: string; ok: boolean; detail: string }[]
    return { ...ran, of: (name: string) => findings.find(finding => finding.name === name) }
  }

  it('finds everything in order, and shows what the algorithms are', async () => {
    const [name, home] = [newName('alice'), newHome()]
    const register = ['--home', home, '--url', server.url, 'register', name, '--email', 'a@example.org']
    await runQsm(register, { QSM_PASSWORD: password })
    const ran = await doctor('--home', home)
    expect(ran).toMatchObject({ code: 0, err: '' })
    for (const algorithm of ['ML-KEM-768', 'Falcon-512']) {
      expect(ran.of(algorithm)).toMatchObject({
        ok: true,
        detail: expect.stringMatching(/self-test passed, SHA-256 [0-9a-f]{64}$/),
      })
    }
    expect(ran.of('server')).toMatchObject({ ok: true, detail: expect.stringContaining(`${server.url} is healthy`) })
    expect(ran.of('clock')).toMatchObject({ ok: true })
    expect(ran.of('account')).toMatchObject({ ok: true, detail: expect.stringContaining(`${name}, 1 device`) })
  })

  it('names what is wrong, and ends with 1', async () => {
    const [away, other] = await Promise.all([
      doctor('--home', newHome(), '--url', 'http://127.0.0.1:1'),
      doctor('--home', newHome(), '--url', strangerUrl),
    ])
    expect(away).toMatchObject({ code: 1 })
    expect(away.of('server')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('does not answer: is it running'),
    })
    expect(away.of('account')).toMatchObject({ ok: false, detail: expect.stringContaining('qsm register') })
    expect(JSON.parse(away.err)).toMatchObject({ error: { message: expect.stringContaining('needs a look') } })
    expect(other.of('server')).toMatchObject({ ok: false, detail: expect.stringContaining('not as a QSM server') })
  })

  it('sees a clock that is wrong, by which no device would be taken', async () => {
    const late = createServer((_request, response) => {
      response.setHeader('Content-Type', 'application/json')
      const timestamp = new Date(Date.now() + 400_000).toISOString()
      response.end(JSON.stringify({ status: 'healthy', version: '0', timestamp }))
    })
    await new Promise<void>(resolve => late.listen(0, '127.0.0.1', resolve))
    try {
      const ran = await doctor('--home', newHome(), '--url', `http://127.0.0.1:${(late.address() as AddressInfo).port}`)
      expect(ran.of('clock')).toMatchObject({
        ok: false,
        detail: '400 s behind the server: set the clock of this machine',
      })
    } finally {
      await new Promise(resolve => late.close(resolve))
    }
  })
})
