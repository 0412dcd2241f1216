import type { StoredMessage } from '@qsm/client'

/** Prints for people or, with `--json`, one JSON object a line. */
export interface Output {
  /** A fact: `text` for people, `value` for programs. */
  say(text: string, value: Readonly<Record<string, unknown>>): void
  message(message: StoredMessage): Promise<void>
  /** For people only; goes to standard error. */
  note(text: string): void
}

// Control characters of a message could rewrite what stands on the terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for.
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

const forTerminal = (text: string): string => text.replaceAll(control, '\ufffd')

const write = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, error => (error ? reject(error) : resolve()))
  })

const marks = ({ verified, managed }: StoredMessage): string =>
  `${managed ? ' [managed: keys at the server]' : ''}${verified ? '' : ' [device not accepted]'}`

export const createOutput = (json: boolean): Output => ({
  say(text, value) {
    process.stdout.write(`${json ? JSON.stringify(value) : text}\n`)
  },
  note(text) {
    if (!json) process.stderr.write(`${text}\n`)
  },
  async message(message) {
    const { id, from, peer, text, verified, managed, isMine, sentAt } = message
    if (json) {
      const value = {
        id,
        from,
        text,
        verified,
        managed,
        is_mine: isMine,
        peer,
        sent_at: new Date(sentAt).toISOString(),
      }
      return write(JSON.stringify(value))
    }
    const who = isMine ? `${from} → ${peer}` : from
    return write(`${who}${marks(message)}: ${process.stdout.isTTY ? forTerminal(text) : text}`)
  },
})
