import { type ClientOptions, QsmClient, type Store } from '@qsm/client'
import { fileStore, nodeSocket } from '@qsm/client-node'
import { type Arguments, readArguments, UsageError } from './arguments.js'
import type { Command } from './command.js'
import { commandSpecs } from './command-specs.js'
import { devices, login, logout, register, removeDevice, whoami } from './commands/account.js'
import { check } from './commands/check.js'
import { doctor } from './commands/doctor.js'
import { listen, receive, send } from './commands/messages.js'
import { accept, acceptIdentity, pending, reject, request, safetyNumber, start, users } from './commands/people.js'
import { describeFailure } from './failure.js'
import { helpOf, overview } from './help.js'
import { createOutput } from './output.js'
import { readPassword } from './password.js'

const localUrl = 'http://localhost:8000'

const commands: Readonly<Record<string, Command>> = {
  register,
  login,
  logout,
  whoami,
  users,
  request,
  pending,
  accept,
  reject,
  start,
  send,
  receive,
  listen,
  devices,
  'remove-device': removeDevice,
  'safety-number': safetyNumber,
  'accept-identity': acceptIdentity,
  doctor,
  check,
}

const runCommand = async (command: Command, args: Arguments): Promise<void> => {
  let made: Store | null = null
  const store = (): Store => {
    if (args.home === null) throw new UsageError('this user has no home folder: give --home or QSM_HOME', args.command)
    made ??= fileStore(args.home)
    return made
  }
  const url = async () => args.url ?? (await QsmClient.accountOf(store()))?.url ?? localUrl
  const options = async (): Promise<ClientOptions> => ({ url: await url(), store: store(), openSocket: nodeSocket })
  let opened: Promise<QsmClient> | null = null
  const client = () => {
    opened ??= options().then(QsmClient.resume)
    return opened
  }
  const password = (kind: 'known' | 'new') =>
    readPassword({
      fromInput: args.passwordStdin,
      isNew: kind === 'new',
      environment: process.env,
      console: { input: process.stdin, errors: process.stderr },
    })
  try {
    await command({
      args,
      output: createOutput(args.json),
      url,
      options,
      name: args.operands[0] ?? '',
      password,
      client,
    })
  } finally {
    await (opened as Promise<QsmClient> | null)?.then(
      me => me.close(),
      () => {}, // The command has failed with the same error.
    )
  }
}

/** Runs one command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage. */
export const run = async (argv: readonly string[]): Promise<number> => {
  let json = argv.includes('--json')
  process.stdout.on('error', () => {}) // Who writes is told as well.
  try {
    const args = readArguments(argv, process.env)
    json = args.json
    const spec = commandSpecs[args.command]
    if (args.help) process.stdout.write(spec ? helpOf(args.command, spec) : overview)
    else await runCommand(commands[args.command] as Command, args)
    return 0
  } catch (error) {
    const { exitCode, text } = describeFailure(error, json)
    process.stderr.write(`${text}\n`)
    return exitCode
  }
}
