import type { ClientOptions, QsmClient } from '@qsm/client'
import type { Arguments } from './arguments.js'
import type { Output } from './output.js'

/** What a command works with. */
export interface CommandContext {
  readonly args: Arguments
  readonly output: Output
  readonly options: ClientOptions
  /** The password: from where the options say, else from a prompt. */
  password(): Promise<string>
  /** The first operand; wrong usage where it is missing. */
  operand(name: string): string
  /** The client of the stored account, opened once and closed when the command ends. */
  client(): Promise<QsmClient>
}

export type Command = (context: CommandContext) => Promise<void>
