import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readArguments, UsageError } from '../src/arguments.js'
import { commandSpecs } from '../src/command-specs.js'

const read = (...args: readonly string[]) => readArguments(args, {})
const refusal = (...args: readonly string[]): UsageError => {
  try {
    read(...args)
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
  throw new Error(`${args.join(' ')} was taken`)
}

describe('the command line', () => {
  it('is read with its defaults', () => {
    expect(read('whoami')).toEqual({
      command: 'whoami',
      operands: [],
      url: null,
      home: join(homedir(), '.qsm'),
      json: false,
      help: false,
      email: undefined,
      passwordStdin: false,
      lines: false,
      count: undefined,
      timeoutSeconds: undefined,
      requirePostQuantumTls: false,
    })
  })

  it('takes options before and after the command, and a text that begins with a dash after --', () => {
    const args = read(
      '--json',
      'send',
      '--url',
      'https://qsm.example.org',
      'bob',
      '--home',
      './b',
      '--',
      '--lines',
      'x',
    )
    expect(args).toMatchObject({ json: true, url: 'https://qsm.example.org', home: './b', lines: false })
    expect(args.operands).toEqual(['bob', '--lines', 'x'])
  })

  it('takes address and home from the environment, and rather from its own options', () => {
    const environment = { QSM_URL: 'http://one.example', QSM_HOME: '/one' }
    expect(readArguments(['whoami'], environment)).toMatchObject({ url: 'http://one.example', home: '/one' })
    const given = readArguments(['whoami', '--url', 'http://two.example', '--home', '/two'], environment)
    expect(given).toMatchObject({ url: 'http://two.example', home: '/two' })
    expect(() => readArguments(['whoami'], { QSM_URL: 'nowhere' })).toThrow(UsageError)
  })

  it.each([
    [[], 'a command is needed', ''],
    [['dance'], 'there is no command dance', ''],
    [['constructor'], 'there is no command constructor', ''],
    [['--colour', 'whoami'], "Unknown option '--colour'", ''],
    [['listen', '--count'], '--count', ''],
    [['listen', '--count', '0'], '--count: a whole number above 0', 'listen'],
    [['listen', '--count', '1.5'], '--count: a whole number above 0', 'listen'],
    [['request'], 'request: NAME is needed', 'request'],
    [['request', ''], 'request: NAME is needed', 'request'],
    [['request', 'bob', 'carol'], 'request: "carol" is one too many', 'request'],
    [['whoami', 'alice'], 'whoami: "alice" is one too many', 'whoami'],
    [['users', 'a', 'b'], 'users: "b" is one too many', 'users'],
    [['whoami', '--lines'], 'whoami: --lines belongs to another command', 'whoami'],
    [['login', 'bob', '--email', 'b@example.org'], 'login: --email belongs to another command', 'login'],
    [['send', 'bob', 'x', '--password-stdin'], '--password-stdin belongs to another command', 'send'],
    [['whoami', '--url', 'qsm.example.org'], '--url: qsm.example.org is no http address', ''],
    [['whoami', '--url', 'ws://qsm.example.org'], 'is no http address', ''],
  ])('refuses %j and says why', (args, message, command) => {
    const refused = refusal(...args)
    expect(refused.message).toContain(message)
    expect(refused.command).toBe(command)
  })

  it.each([
    [['login', 'alice', '--password', 'hunter2']],
    [['login', 'alice', '--password=hunter2']],
    [['login', 'alice', '--passwd=hunter2']],
    [['login', 'alice', '-p', 'hunter2']],
  ])('takes no password, and does not repeat it: %j', args => {
    const { message } = refusal(...args)
    expect(message).toContain('--password-stdin or QSM_PASSWORD')
    expect(message).not.toContain('hunter2')
  })

  it('takes no name and no password within an address, and does not repeat them', () => {
    const { message } = refusal('whoami', '--url', 'https://alice:hunter2@qsm.example.org')
    expect(message).toContain('carries no name and no password')
    expect(message).not.toContain('hunter2')
  })

  it('asks for help in three ways, whatever else is missing', () => {
    for (const args of [
      ['send', '--help'],
      ['help', 'send'],
      ['-h', 'send'],
    ]) {
      expect(read(...args)).toMatchObject({ help: true, command: 'send' })
    }
    for (const args of [['--help'], ['help'], ['-h']]) expect(read(...args)).toMatchObject({ help: true, command: '' })
    expect(refusal('help', 'dance').message).toContain('no command dance')
  })

  it('knows every command of the contract', () => {
    const { 'accept-identity': _, 'remove-device': __, check: ___, ...ofContract } = commandSpecs
    expect(Object.keys(ofContract).join('|')).toBe(
      'register|login|logout|whoami|users|request|pending|accept|reject|start|send|receive|listen|devices|safety-number|doctor',
    )
  })
})
