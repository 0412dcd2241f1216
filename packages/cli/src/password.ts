import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from './arguments.js'
import { linesOf } from './lines.js'

/** Where a password is asked for: standard input and standard error. */
export interface Console {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly errors: { write(text: string): unknown }
}

const firstLine = async (input: NodeJS.ReadableStream): Promise<string> => {
  for await (const line of linesOf(input)) if (line !== '') return line
  throw new UsageError('--password-stdin: there is no password on standard input')
}

/** Asks at the terminal without showing what is typed. */
const ask = ({ input, errors }: Console, question: string): Promise<string> =>
  new Promise((resolve, reject) => {
    errors.write(question)
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    const reader = createInterface({ input, output: silent, terminal: true })
    // Ctrl-C and Ctrl-D close it; after an answer this comes too late to matter.
    reader.once('close', () => {
      errors.write('\n')
      reject(new Error('No password was given.'))
    })
    reader.question('', answer => {
      resolve(answer)
      reader.close()
    })
  })

/**
 * The password: from standard input, from `QSM_PASSWORD`, or from a prompt, which asks twice for a new one. Never from the
 * command line.
 */
export const readPassword = async (options: {
  readonly fromInput: boolean
  readonly isNew: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly console: Console
}): Promise<string> => {
  const { fromInput, isNew, environment, console } = options
  if (fromInput) return firstLine(console.input)
  if (environment.QSM_PASSWORD) return environment.QSM_PASSWORD
  if (!console.input.isTTY)
    throw new UsageError('a password is needed: --password-stdin, QSM_PASSWORD, or a terminal to ask at')
  const password = await ask(console, 'Password: ')
  if (isNew && (await ask(console, 'The same again: ')) !== password)
    throw new Error('The two passwords differ: try again.')
  return password
}
