import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** Wrong usage: the text says what is wrong; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface Arguments {
  readonly command: string
  readonly operands: readonly string[]
  /** As given; null where the account's own address, or the local one, is meant. */
  readonly url: string | null
  readonly home: string
  readonly json: boolean
  readonly help: boolean
  readonly version: boolean
  readonly email: string | undefined
  readonly passwordStdin: boolean
  readonly lines: boolean
  readonly count: number | undefined
}

const options = {
  url: { type: 'string' },
  home: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  email: { type: 'string' },
  'password-stdin': { type: 'boolean' },
  lines: { type: 'boolean' },
  count: { type: 'string' },
} as const

/** The command line, with `QSM_URL` and `QSM_HOME` as defaults. Throws `UsageError`. */
export const readArguments = (
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Arguments => {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true; args: string[] }>>
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const { values, positionals } = parsed
  const url = values.url ?? environment.QSM_URL ?? null
  if (url !== null && (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)))
    throw new UsageError(`--url: ${url} is no http address`)
  const count = values.count === undefined ? undefined : Number(values.count)
  if (count !== undefined && !(Number.isInteger(count) && count > 0))
    throw new UsageError('--count: a whole number above 0')
  const [command = '', ...operands] = positionals
  return {
    command,
    operands,
    url,
    home: values.home ?? environment.QSM_HOME ?? join(homedir(), '.qsm'),
    json: values.json === true,
    help: values.help === true,
    version: values.version === true,
    email: values.email,
    passwordStdin: values['password-stdin'] === true,
    lines: values.lines === true,
    count,
  }
}
