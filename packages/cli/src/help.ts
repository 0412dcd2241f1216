import { type CommandSpec, commandSpecs } from './command-specs.js'

const callOf = (name: string, { operands, shown }: CommandSpec): string =>
  [name, ...operands, shown ?? []].flat().join(' ')

const indented = (lines: readonly string[]): string => lines.map(line => `  ${line}`).join('\n')

const list = Object.entries(commandSpecs).map(([name, spec]) => `${callOf(name, spec).padEnd(25)} ${spec.summary}`)

/** What `qsm --help` prints. */
export const overview = `Usage: qsm [--url URL] [--home DIR] [--json] COMMAND

${indented(list)}

The password comes from a prompt, --password-stdin or QSM_PASSWORD.
--url defaults to QSM_URL, to the server of the account in --home, or to http://localhost:8000.
--home defaults to QSM_HOME or ~/.qsm; keys, sessions and messages stand there: one home is one device.
--json prints one JSON object a line; errors and warnings too, on standard error.
Exit codes: 0 done, 1 failed, 2 wrong usage.

Examples:
  qsm --home ./alice register alice --email alice@example.org
  qsm --home ./alice start bob && qsm --home ./alice send bob 'hello'
  cat file | qsm --home ./alice send bob --lines
  qsm --home ./bob --json listen

More about one command: qsm COMMAND --help
`

/** What `qsm COMMAND --help` prints. */
export const helpOf = (name: string, spec: CommandSpec): string =>
  [
    `Usage: qsm [--url URL] [--home DIR] [--json] ${callOf(name, spec)}`,
    '',
    `${spec.summary[0]?.toUpperCase()}${spec.summary.slice(1)}.`,
    ...(spec.about ? [spec.about] : []),
    '',
    spec.examples.length > 1 ? 'Examples:' : 'Example:',
    indented(spec.examples),
    '',
  ].join('\n')
