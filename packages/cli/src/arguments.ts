import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type CommandSpec, commandSpecs, type OptionName } from './command-specs.js'

/** Wrong usage: the text says what is wrong; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** The command whose help tells more; empty where it is not known. */
  readonly command: string

  constructor(message: string, command = '') {
    super(message)
    this.command = command
  }
}

export interface Arguments {
  readonly command: string
  readonly operands: readonly string[]
  /** As given; null where the account's own address, or the local one, is meant. */
  readonly url: string | null
  /** Null where none is given and the user has none, as in a container with any number as its user. */
  readonly home: string | null
  readonly json: boolean
  readonly help: boolean
  readonly email: string | undefined
  readonly passwordStdin: boolean
  readonly lines: boolean
  readonly count: number | undefined
  readonly timeoutSeconds: number | undefined
  readonly requirePostQuantumTls: boolean
}

const options = {
  url: { type: 'string' },
  home: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  email: { type: 'string' },
  'password-stdin': { type: 'boolean' },
  lines: { type: 'boolean' },
  count: { type: 'string' },
  timeout: { type: 'string' },
  'require-post-quantum-tls': { type: 'boolean' },
} as const
const ofSomeCommands: readonly OptionName[] = [
  'email',
  'password-stdin',
  'lines',
  'count',
  'timeout',
  'require-post-quantum-tls',
]

const parse = (args: readonly string[]) => {
  if (args.some(arg => /^--?p(ass(word|wd)?)?(=|$)/.test(arg))) {
    throw new UsageError(
      'a password never stands on the command line, where others of this machine can read it: use the prompt, --password-stdin or QSM_PASSWORD',
    )
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

const checkUrl = (url: string): void => {
  const parsed = URL.canParse(url) ? new URL(url) : null
  // What stands before an @ may be a password: it is not repeated.
  if (parsed && parsed.username + parsed.password !== '')
    throw new UsageError('--url: an address carries no name and no password')
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new UsageError(`--url: ${url} is no http address; give one such as https://qsm.example.org`)
  }
}

const checkOperands = (name: string, spec: CommandSpec, operands: readonly string[]): void => {
  const missing = spec.operands.find((operand, index) => !operand.startsWith('[') && !operands[index])
  if (missing) throw new UsageError(`${name}: ${missing} is needed`, name)
  const most = spec.operands.includes('[TEXT]') ? Number.POSITIVE_INFINITY : spec.operands.length
  const extra = operands[most]
  if (extra !== undefined) throw new UsageError(`${name}: "${extra}" is one too many`, name)
}

const maxTimeoutSeconds = 86_400

const wholeNumber = (
  command: string,
  option: OptionName,
  value: string | undefined,
  most: number,
): number | undefined => {
  if (value === undefined) return undefined
  const number = Number(value)
  if (Number.isInteger(number) && number > 0 && number <= most) return number
  const bound = most === Number.MAX_SAFE_INTEGER ? '' : `, at most ${most}`
  throw new UsageError(`--${option}: a whole number above 0${bound}`, command)
}

/** Without HOME, a user whom the system does not know has none. */
const defaultHome = (): string | null => {
  try {
    return join(homedir(), '.qsm')
  } catch {
    return null
  }
}

/** The command line, with `QSM_URL` and `QSM_HOME` as defaults. Throws `UsageError`. */
export const readArguments = (
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Arguments => {
  const { values, positionals } = parse(args)
  const [first = '', ...others] = positionals
  const isAboutHelp = first === 'help'
  const [command = '', ...operands] = isAboutHelp ? others : positionals
  const help = values.help === true || isAboutHelp
  const spec = Object.hasOwn(commandSpecs, command) ? commandSpecs[command] : undefined
  if (command === '' && !help) throw new UsageError('a command is needed')
  if (command !== '' && !spec) throw new UsageError(`there is no command ${command}`)
  const foreign = ofSomeCommands.find(name => values[name] !== undefined && spec && !spec.options.includes(name))
  if (foreign) throw new UsageError(`${command}: --${foreign} belongs to another command`, command)
  if (spec && !help) checkOperands(command, spec, operands)
  const url = values.url ?? environment.QSM_URL ?? null
  if (url !== null) checkUrl(url)
  return {
    command,
    operands,
    url,
    home: values.home ?? environment.QSM_HOME ?? defaultHome(),
    json: values.json === true,
    help,
    email: values.email,
    passwordStdin: values['password-stdin'] === true,
    lines: values.lines === true,
    count: wholeNumber(command, 'count', values.count, Number.MAX_SAFE_INTEGER),
    timeoutSeconds: wholeNumber(command, 'timeout', values.timeout, maxTimeoutSeconds),
    requirePostQuantumTls: values['require-post-quantum-tls'] === true,
  }
}
