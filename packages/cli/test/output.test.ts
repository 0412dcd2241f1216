import type { StoredMessage } from '@qsm/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOutput } from '../src/output.js'

const message: StoredMessage = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  from: 'bob',
  peer: 'bob',
  text: 'hello',
  sentAt: 1_700_000_000_000,
  receivedAt: 1_700_000_000_500,
  verified: true,
  managed: false,
  importance: 'normal',
  isMine: false,
}

let out = ''
let err = ''
beforeEach(() => {
  out = ''
  err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(((text: string, done?: () => void) => {
    out += text
    done?.()
    return true
  }) as typeof process.stdout.write)
  vi.spyOn(process.stderr, 'write').mockImplementation((text => {
    err += text
    return true
  }) as typeof process.stderr.write)
})
afterEach(() => {
  vi.restoreAllMocks()
  isTerminal(false)
})
const isTerminal = (yes: boolean) => {
  for (const stream of [process.stdout, process.stderr]) Object.assign(stream, { isTTY: yes })
}

describe('what is printed for people', () => {
  it('is who has written what, and what is particular about it', async () => {
    const { message: print } = createOutput(false)
    await print(message)
    await print({ ...message, verified: false, managed: true })
    await print({ ...message, importance: 'critical' })
    await print({ ...message, from: 'alice', isMine: true })
    expect(out).toBe(
      'bob: hello\nbob [managed: keys at the server] [device not accepted]: hello\nbob [critical]: hello\nalice → bob: hello\n',
    )
  })

  it('is indented behind the first line, so that a text cannot speak for somebody else', async () => {
    await createOutput(false).message({ ...message, text: 'hello\nalice: I owe you 100\n\nx' })
    expect(out).toBe('bob: hello\n  alice: I owe you 100\n  \n  x\n')
  })

  it('holds nothing that a terminal would obey', async () => {
    isTerminal(true)
    const output = createOutput(false)
    await output.message({ ...message, text: '\u001b[2J\u0007\rover\u202ewritten\u0085\ttab' })
    await output.say('\u001b]0;title\u0007said', {})
    output.note('\u001b[31mnote')
    output.warn('fault', '\u009b31mwarning')
    expect(out).toBe('bob: \ufffd[2J\ufffd\ufffdover\ufffdwritten\ufffd\ttab\n\ufffd]0;title\ufffdsaid\n')
    expect(err).toBe('\ufffd[31mnote\n\ufffd31mwarning\n')
  })

  it('is the text as it was sent where it goes to a file', async () => {
    await createOutput(false).message({ ...message, text: 'a\u001b[0mb' })
    expect(out).toBe('bob: a\u001b[0mb\n')
  })
})

describe('what is printed for programs', () => {
  it('is one object a line, whatever the text holds; how it goes is not told', async () => {
    const output = createOutput(true)
    await output.message({ ...message, text: 'one\ntwo\u2028three\u001b' })
    await output.say('for people', { id: 1 })
    output.note('for people')
    output.warn('gap', 'something\nis gone')
    const [first, second, ...rest] = out.split('\n')
    expect(JSON.parse(first ?? '')).toEqual({
      id: message.id,
      from: 'bob',
      text: 'one\ntwo\u2028three\u001b',
      verified: true,
      managed: false,
      importance: 'normal',
      is_mine: false,
      peer: 'bob',
      sent_at: '2023-11-14T22:13:20.000Z',
    })
    expect(second).toBe('{"id":1}')
    expect(rest).toEqual([''])
    expect(JSON.parse(err)).toEqual({ warning: { code: 'gap', message: 'something\nis gone' } })
    expect(err.trimEnd()).not.toContain('\n')
  })
})
