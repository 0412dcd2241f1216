import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createPeople, newName, type SdkServer, startSdkServer } from '../../support/sdk.js'
import { openTerminal, runQsm, type Terminal } from '../../support/terminal.js'

// Each process of the command line takes its time to start.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'qsm-cli-conversation-'))
let server: SdkServer
let homes = 0
const terminal = (): Terminal => {
  homes += 1
  return openTerminal(server.url, join(folder, `home-${homes}`))
}
interface Person extends Terminal {
  readonly name: string
}
const register = async (who: string): Promise<Person> => {
  const name = newName(who)
  const at = terminal()
  await at.json('register', name, '--email', 'somebody@example.org')
  return { ...at, name }
}
/** Two people, of whom Alice has begun by prekeys. */
const pair = async () => {
  const [alice, bob] = await Promise.all([register('alice'), register('bob')])
  await alice.json('start', bob.name)
  return { alice, bob }
}
const errorOf = (text: string): { readonly code: string; readonly message: string } => JSON.parse(text).error

/** Two who talk with each other through the tests that need no more than that. */
let alice: Person
let bob: Person

beforeAll(async () => {
  server = await startSdkServer()
  ;({ alice, bob } = await pair())
  await alice.json('send', bob.name, 'begin')
  await bob.json('receive')
  await bob.json('send', alice.name, 'answered')
  await alice.json('receive')
}, 120_000)
afterAll(async () => {
  await server.end()
  rmSync(folder, { recursive: true, force: true })
})

describe('two people at terminals', () => {
  it('see the named fields of every answer, one object a line', async () => {
    const [alice, bob] = await Promise.all([register('alice'), register('bob')])
    expect(await alice.json('users', bob.name)).toEqual([
      { username: bob.name, user_id: expect.any(String), status: 'offline', has_quantum_keys: true },
    ])
    expect(await alice.json('request', bob.name.toUpperCase())).toEqual([
      { requested: bob.name.toUpperCase(), request_id: expect.any(String), expires_at: expect.any(String) },
    ])
    const [asked] = await bob.json('pending')
    expect(asked).toEqual({
      from: alice.name,
      request_id: expect.any(String),
      expires_at: expect.any(String),
      managed: false,
    })
    expect(await bob.json('accept', alice.name)).toEqual([{ accepted: alice.name, managed: false }])
    expect(await bob.json('pending')).toEqual([])
    const [sent] = await bob.json('send', alice.name, 'two', 'words')
    expect(sent).toEqual({ id: expect.any(String), to: alice.name })
    const [received] = await alice.json('receive')
    expect(received).toEqual({
      id: sent?.id,
      from: bob.name,
      text: 'two words',
      verified: true,
      managed: false,
      importance: 'normal',
      is_mine: false,
      peer: bob.name,
      sent_at: expect.any(String),
    })
    const [number] = await alice.json('safety-number', bob.name)
    expect(number).toEqual({
      username: bob.name,
      safety_number: expect.stringMatching(/^\d{60}$/),
      managed: false,
    })
  })

  it('read the same as text, with what can be done next', async () => {
    const [alice, bob] = await Promise.all([register('alice'), register('bob')])
    expect((await bob.qsm(['pending'])).err).toBe('Nobody asks.\n')
    expect((await alice.qsm(['request', bob.name])).out).toContain(`once ${bob.name} has accepted`)
    expect((await bob.qsm(['pending'])).out).toContain(`qsm accept ${alice.name}, or qsm reject ${alice.name}`)
    expect((await bob.qsm(['reject', alice.name])).out).toBe(`Rejected ${alice.name}.\n`)
    const refused = await alice.qsm(['--json', 'send', bob.name, 'hello'])
    expect(errorOf(refused.err)).toMatchObject({ code: 'no_session', message: expect.stringContaining('qsm request') })
    expect((await bob.qsm(['accept', alice.name])).err).toMatch(/no request from .*qsm pending/)
    expect((await alice.qsm(['start', bob.name])).out).toContain('20 messages may wait')
    expect((await alice.qsm(['send', bob.name, 'hello'])).out).toBe(`Sent to ${bob.name}.\n`)
    expect(await bob.qsm(['receive'])).toMatchObject({ code: 0, out: `${alice.name}: hello\n`, err: '' })
    expect(await bob.qsm(['receive'])).toMatchObject({ code: 0, out: '', err: 'Nothing waits.\n' })
    expect((await bob.qsm(['users', 'nobody-is-called-so'])).err).toBe('Nobody is called so.\n')
  })

  it('cannot write to themselves or to nobody, and read why', async () => {
    const own = await alice.qsm(['--json', 'send', alice.name, 'hi'])
    expect([own.code, errorOf(own.err).code]).toEqual([2, 'usage'])
    for (const command of ['request', 'start', 'safety-number', 'accept-identity']) {
      const ran = await alice.qsm(['--json', command, newName('nobody')])
      expect([ran.code, errorOf(ran.err)]).toEqual([
        1,
        { code: 'no_such_user', message: expect.stringContaining('There is no user') },
      ])
    }
  })
})

describe('a new device of the other', () => {
  it('stops sending until it is accepted, and is told with the commands for it', async () => {
    const { alice, bob } = await pair()
    await alice.json('send', bob.name, 'before')
    await bob.json('receive')
    const phone = terminal()
    await phone.json('login', bob.name)
    const stopped = await alice.qsm(['--json', 'send', bob.name, 'stopped'])
    expect(stopped).toMatchObject({ code: 1, out: '' })
    const lines = stopped.err
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines).toMatchObject([
      { warning: { code: 'identity_changed', message: expect.stringContaining(`qsm safety-number ${bob.name}`) } },
      { error: { code: 'identity_changed', message: expect.stringContaining(`qsm accept-identity ${bob.name}`) } },
    ])
    expect(await alice.json('accept-identity', bob.name)).toEqual([{ accepted_identity: bob.name }])
    await alice.json('send', bob.name, 'to both')
    const texts = async (at: Terminal) => (await at.json('receive')).map(message => message.text)
    expect(await texts(bob)).toEqual(['to both'])
    expect(await texts(phone)).toEqual(['to both'])
    const devices = await alice.qsm(['devices'])
    expect(devices.out).toMatch(/^ *\d+ {2}since \S+ {2}\(this one\)\n$/)
  })
})

describe('lines from a pipe', () => {
  it('arrive one by one as they are: empty ones, long ones, carriage returns within, the last one without an end', async () => {
    const lines = ['first', '', 'äöü 🙂', 'x'.repeat(200_000), '10 %\r20 %', 'last']
    const sent = await alice.qsm(['--json', 'send', bob.name, '--lines'], lines.join('\r\n'))
    expect(sent).toMatchObject({ code: 0, err: '' })
    expect(sent.values).toEqual(lines.map((_, index) => ({ id: expect.any(String), to: bob.name, line: index + 1 })))
    const received = await bob.json('receive')
    expect(received.map(message => message.text)).toEqual(lines)
    expect(received.map(message => message.id)).toEqual(sent.values.map(value => value.id))
  })

  it('say how far they came where one is refused', async () => {
    const { alice, bob } = await pair()
    const lines = Array.from({ length: 25 }, (_, index) => `line ${index + 1}`)
    const sent = await alice.qsm(['send', bob.name, '--lines'], lines.join('\n'))
    expect(sent).toMatchObject({ code: 1, out: '' })
    expect(sent.err).toContain(`20 lines were sent to ${bob.name}, line 21 was not.\nqsm: `)
    expect(sent.err).toContain('not answered yet')
    expect((await bob.json('receive')).map(message => message.text)).toEqual(lines.slice(0, 20))
  })

  it('are none where the input is empty', async () => {
    expect(await alice.qsm(['send', bob.name, '--lines'])).toMatchObject({
      code: 0,
      err: `0 lines sent to ${bob.name}.\n`,
    })
    expect(await alice.qsm(['send', bob.name, '--lines', 'and a text'], 'x')).toMatchObject({ code: 2 })
    expect(await alice.qsm(['send', bob.name])).toMatchObject({
      code: 2,
      err: expect.stringContaining('give TEXT, or --lines'),
    })
  })
})

describe('qsm listen', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'prints what comes until %s, then ends with 0 and has lost nothing',
    async signal => {
      const listening = bob.start('--json', 'listen')
      await alice.json('send', bob.name, 'heard')
      await listening.until('heard')
      listening.child.kill(signal)
      expect(await listening.ended).toMatchObject({ code: 0, err: '', values: [{ from: alice.name, text: 'heard' }] })
      await alice.json('send', bob.name, 'afterwards')
      expect(await bob.json('receive')).toMatchObject([{ text: 'afterwards' }])
    },
    60_000,
  )

  it('says how it goes: who asks, and that it listens; and ends after N messages', async () => {
    const carol = await register('carol')
    const listening = bob.start('listen', '--count', '2')
    await listening.until(`listening as ${bob.name}`)
    await carol.json('request', bob.name)
    await listening.until(`${carol.name} asks for a connection: qsm accept ${carol.name}, or qsm reject ${carol.name}`)
    await bob.json('accept', carol.name)
    for (const text of ['one', 'two', 'three']) await carol.json('send', bob.name, text)
    expect(await listening.ended).toMatchObject({ code: 0, out: `${carol.name}: one\n${carol.name}: two\n` })
    expect(await bob.json('receive')).toMatchObject([{ text: 'three' }])
  })

  it('is one at a time for a home', async () => {
    const listening = bob.start('listen')
    await listening.until('listening')
    const second = await bob.qsm(['--json', 'receive'])
    expect([second.code, errorOf(second.err)]).toEqual([
      1,
      { code: 'store_in_use', message: expect.stringContaining('end that one first') },
    ])
    listening.child.kill('SIGINT')
    expect(await listening.ended).toMatchObject({ code: 0 })
  })

  it('ends with 1 and says why where the login session is over', async () => {
    const dora = await register('dora')
    const listening = dora.start('listen')
    await listening.until('listening')
    await dora.json('logout')
    expect(await listening.ended).toMatchObject({
      code: 1,
      err: expect.stringMatching(/qsm: .*[Ll]og in again: keys, sessions and messages of this device stay/),
    })
  })

  it('waits for a server that is away, and can be ended meanwhile', async () => {
    const taken: { destroy(): void }[] = []
    const silent = createServer(socket => taken.push(socket))
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    try {
      for (const url of ['http://127.0.0.1:1', `http://127.0.0.1:${port}`]) {
        const listening = openTerminal(url, bob.home).start('listen')
        if (url.endsWith(':1')) await listening.until('not connected; trying again')
        else await expect.poll(() => taken.length, { timeout: 20_000 }).toBeGreaterThan(0)
        listening.child.kill('SIGINT')
        expect(await listening.ended).toMatchObject({ code: 0, out: '' })
      }
    } finally {
      for (const socket of taken) socket.destroy()
      await new Promise(resolve => silent.close(resolve))
    }
  })
})

describe('output that nobody reads', () => {
  it('ends the command with 1; what was not printed comes again', async () => {
    for (const text of ['one', 'two']) await alice.json('send', bob.name, text)
    const running = bob.start('--json', 'receive')
    running.child.stdout.destroy()
    const ran = await running.ended
    expect(ran.code).toBe(1)
    expect(errorOf(ran.err).message).toContain('comes again')
    expect((await bob.json('receive')).map(message => message.text)).toEqual(['one', 'two'])
  })
})

describe('a device that was removed', () => {
  it('by another device of its user gets nothing any more, and an id that is none is told as such', async () => {
    const dora = await register('dora')
    const phone = terminal()
    await phone.json('login', dora.name)
    const [other] = (await dora.json('devices')).filter(device => !device.is_this)
    for (const id of ['phone', '0', '4294967296']) {
      expect(await dora.qsm(['remove-device', id])).toMatchObject({ code: 2, out: '' })
    }
    expect(await dora.qsm(['remove-device', '7'])).toMatchObject({ code: 1, out: '' })
    expect(await dora.json('remove-device', String(other?.device_id))).toEqual([{ removed_device: other?.device_id }])
    expect(await dora.json('devices')).toMatchObject([{ is_this: true }])
    expect(await phone.qsm(['receive'])).toMatchObject({ code: 1, out: '' })
  })

  it('is told so, with the way to a new one', async () => {
    const dora = await register('dora')
    const [device] = await dora.json('devices')
    const people = createPeople(() => server.url)
    await (await people.login(dora.name)).removeDevice(Number(device?.device_id))
    await people.closeAll()
    const ran = await runQsm(['--home', dora.home, '--json', 'login', dora.name], {
      QSM_PASSWORD: 'correct horse battery',
    })
    expect([ran.code, errorOf(ran.err)]).toEqual([
      1,
      { code: 'device_removed', message: expect.stringContaining('qsm: another --home') },
    ])
  })
})
