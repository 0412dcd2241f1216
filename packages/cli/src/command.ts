import type { ClientOptions, QsmClient } from '@qsm/client'
import type { Arguments } from './arguments.js'
import type { Output } from './output.js'

/** What a command works with. */
export interface CommandContext {
  readonly args: Arguments
  readonly output: Output
  /** The address of the server: as given, else that of the stored account, else the local one. */
  url(): Promise<string>
  /** The same, and the store. */
  options(): Promise<ClientOptions>
  /** The password: from where the options say, else from a prompt. */
  password(kind: 'known' | 'new'): Promise<string>
  /** The first operand, which the command needs. */
  readonly name: string
  /** The client of the stored account, opened once and closed when the command ends. */
  client(): Promise<QsmClient>
}

export type Command = (context: CommandContext) => Promise<void>
