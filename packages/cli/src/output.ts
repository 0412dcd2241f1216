import type { StoredMessage } from '@qsm/client'

/** Prints for people or, with `--json`, one JSON object a line. */
export interface Output {
  /** A fact, on standard output: `text` for people, `value` for programs. */
  say(text: string, value: Readonly<Record<string, unknown>>): Promise<void>
  message(message: StoredMessage): Promise<void>
  /** How it goes, on standard error; for people only. */
  note(text: string): void
  /** What needs a look and is no failure of the command, on standard error. */
  warn(code: string, text: string): void
}

// Control characters of a message could rewrite what stands on the terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for.
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** What a server or another user has written, so that it can do nothing to a terminal. */
export const forTerminal = (text: string): string => text.replaceAll(control, '\ufffd')

const write = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, error => (error ? reject(error) : resolve()))
  })

const marks = ({ verified, managed, importance }: StoredMessage): string =>
  `${importance === 'critical' ? ' [critical]' : ''}${managed ? ' [managed: keys at the server]' : ''}${verified ? '' : ' [device not accepted]'}`

const programValue = (message: StoredMessage) => {
  const { id, from, peer, text, verified, managed, importance, isMine, sentAt } = message
  return {
    id,
    from,
    text,
    verified,
    managed,
    importance,
    is_mine: isMine,
    peer,
    sent_at: new Date(sentAt).toISOString(),
  }
}

/** Further lines are indented, so that a text cannot look as if somebody else had written a part of it. */
const lineOf = (message: StoredMessage): string => {
  const { from, peer, text, isMine } = message
  return `${isMine ? `${from} → ${peer}` : from}${marks(message)}: ${text.replaceAll('\n', '\n  ')}`
}

export const createOutput = (json: boolean): Output => {
  const out = (text: string) => write(process.stdout.isTTY ? forTerminal(text) : text)
  const err = (text: string) => void process.stderr.write(`${process.stderr.isTTY ? forTerminal(text) : text}\n`)
  return {
    say: (text, value) => (json ? write(JSON.stringify(value)) : out(text)),
    message: message => (json ? write(JSON.stringify(programValue(message))) : out(lineOf(message))),
    note(text) {
      if (!json) err(text)
    },
    warn: (code, text) => err(json ? JSON.stringify({ warning: { code, message: text } }) : text),
  }
}
