import { type ClientOptions, QsmClient, QsmClientError } from '@qsm/client'
import { fileStore, nodeSocket } from '@qsm/client-node'
import { type Arguments, readArguments, UsageError } from './arguments.js'
import type { Command } from './command.js'
import { devices, login, logout, register, whoami } from './commands/account.js'
import { doctor } from './commands/doctor.js'
import { listen, receive, send } from './commands/messages.js'
import { accept, acceptIdentity, pending, reject, request, safetyNumber, start, users } from './commands/people.js'
import { usage } from './help.js'
import { createOutput, type Output } from './output.js'
import { readPassword } from './password.js'

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
  'safety-number': safetyNumber,
  'accept-identity': acceptIdentity,
  doctor,
}

const runCommand = async (command: Command, args: Arguments, output: Output): Promise<void> => {
  const options: ClientOptions = {
    url: args.url ?? 'http://localhost:8000',
    store: fileStore(args.home),
    openSocket: nodeSocket,
  }
  let opened: Promise<QsmClient> | null = null
  const client = () => {
    opened ??= QsmClient.resume({ ...options, url: args.url ?? undefined })
    return opened
  }
  const operand = (name: string) => {
    const value = args.operands[0]
    if (value === undefined) throw new UsageError(`${args.command}: ${name} is needed`)
    return value
  }
  try {
    const password = () => readPassword(args.passwordStdin, process.env)
    await command({ args, output, options, operand, password, client })
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
  try {
    const args = readArguments(argv, process.env)
    json = args.json
    if (args.help || args.command === 'help') {
      process.stdout.write(usage)
      return 0
    }
    const command = Object.hasOwn(commands, args.command) ? commands[args.command] : undefined
    if (!command)
      throw new UsageError(args.command === '' ? 'a command is needed' : `there is no command ${args.command}`)
    await runCommand(command, args, createOutput(json))
    return 0
  } catch (error) {
    const isUsage = error instanceof UsageError
    const code = isUsage ? 'usage' : error instanceof QsmClientError ? error.code : 'failed'
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(
      json
        ? `${JSON.stringify({ error: { code, message } })}\n`
        : `qsm: ${message}\n${isUsage ? 'Try: qsm --help\n' : ''}`,
    )
    return isUsage ? 2 : 1
  }
}
