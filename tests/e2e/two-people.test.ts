import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/server.js'
import { openTerminal, type Terminal } from '../support/terminal.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-two-people-'))
const dataFolder = join(folder, 'data')
let server: TestServer
const person = (name: string): Terminal => openTerminal(server.url, join(folder, name))
const start = async () => {
  server = await startTestServer({ QSM_DATA_DIR: dataFolder, QSM_ENV: 'development' })
}

beforeAll(async () => {
  await start()
  for (const name of ['alice', 'bob']) await person(name).json('register', name, '--email', `${name}@example.org`)
}, 60_000)

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('two people at two terminals', () => {
  it('connect by request and answer, and read what the other has sealed', async () => {
    await person('alice').json('request', 'bob')
    expect(await person('bob').json('pending')).toMatchObject([{ from: 'alice' }])
    await person('bob').json('accept', 'alice')
    await person('bob').json('send', 'alice', 'I have accepted')
    expect(await person('alice').json('receive')).toMatchObject([
      { from: 'bob', text: 'I have accepted', verified: true, managed: false },
    ])
    await person('alice').json('send', 'bob', 'good')
    expect(await person('bob').json('receive')).toMatchObject([{ from: 'alice', text: 'good' }])
    expect(await person('bob').json('receive')).toEqual([])
  })

  it('see one safety number', async () => {
    const [[ofAlice], [ofBob]] = [
      await person('alice').json('safety-number', 'bob'),
      await person('bob').json('safety-number', 'alice'),
    ]
    expect(ofAlice?.safety_number).toMatch(/^\d{60}$/)
    expect(ofBob?.safety_number).toBe(ofAlice?.safety_number)
  })

  it('find what was sent after the server, its database and all clients were killed and started again', async () => {
    await person('alice').json('send', 'bob', 'before the machine died')
    await server.kill()
    await start()
    expect(await person('bob').json('receive')).toMatchObject([{ text: 'before the machine died' }])
    await person('bob').json('send', 'alice', 'still here')
    expect(await person('alice').json('receive')).toMatchObject([{ text: 'still here' }])
  })

  it('pipe a conversation line by line, in order', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index} äöü ${'x'.repeat(index * 20)}`)
    const sent = await person('alice').qsm(['send', 'bob', '--lines'], `${lines.join('\n')}\n`)
    expect(sent).toMatchObject({ code: 0 })
    const received = await person('bob').json('receive')
    expect(received.map(message => message.text)).toEqual(lines)
  })

  it('keep their keys in files that only they can read', () => {
    const home = join(folder, 'alice')
    expect(statSync(home).mode & 0o077).toBe(0)
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(statSync(join(file.parentPath, file.name)).mode & 0o077).toBe(0)
  })
})

describe('a third person', () => {
  it('begins by prekeys while the other is away', async () => {
    await person('carol').json('register', 'carol', '--email', 'carol@example.org')
    await person('carol').json('start', 'bob')
    await person('carol').json('send', 'bob', 'you were away')
    expect(await person('bob').json('receive')).toMatchObject([{ from: 'carol', text: 'you were away' }])
    await person('bob').json('send', 'carol', 'now I am back')
    expect(await person('carol').json('receive')).toMatchObject([{ text: 'now I am back' }])
  })
})

describe('the command line', () => {
  it.each([
    [['send'], 2, 'NAME'],
    [['nothing-like-this'], 2, 'there is no command'],
    [['--count', 'x', 'listen'], 2, '--count'],
    [['send', 'nobody-here', 'hi'], 1, 'nobody-here'],
    [['register', 'alice', '--email', 'a@example.org'], 1, 'taken'],
  ])('ends %j with exit code %i and says why', async (args, code, text) => {
    const home = args[0] === 'register' ? 'somebody' : 'alice'
    const ran = await person(home).qsm(args as string[])
    expect(ran.code).toBe(code)
    expect(ran.err).toContain(text)
  })

  it('says what to do when no server answers', async () => {
    const ran = await openTerminal('http://127.0.0.1:1', join(folder, 'alone')).qsm([
      'register',
      'alone',
      '--email',
      'a@example.org',
    ])
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(/Is the server running|address/)
  })
})
