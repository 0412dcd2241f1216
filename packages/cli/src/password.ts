import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from './arguments.js'

const firstLineOfInput = async (): Promise<string> => {
  for await (const line of createInterface({ input: process.stdin })) return line
  return ''
}

/** Asks at the terminal without showing what is typed. */
const prompt = (question: string): Promise<string> =>
  new Promise(resolve => {
    process.stderr.write(question)
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    const reader = createInterface({ input: process.stdin, output: silent, terminal: true })
    reader.question('', answer => {
      reader.close()
      process.stderr.write('\n')
      resolve(answer)
    })
  })

/** The password: from standard input, from `QSM_PASSWORD`, or from a prompt. Never from the command line. */
export const readPassword = async (
  fromInput: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> => {
  if (fromInput) return firstLineOfInput()
  if (environment.QSM_PASSWORD !== undefined) return environment.QSM_PASSWORD
  if (!process.stdin.isTTY)
    throw new UsageError('A password is needed: --password-stdin, QSM_PASSWORD, or a terminal to ask at.')
  return prompt('Password: ')
}
