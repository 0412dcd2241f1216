import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../src/arguments.js'
import { readPassword } from '../src/password.js'

/** A terminal at which somebody types, or standard input that is a file. */
const console = (isTTY: boolean) => {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => {} })
  const shown: string[] = []
  const errors = { write: (text: string) => shown.push(text) }
  /** Types once the next question is shown. */
  const answer = async (count: number, keys: string) => {
    const questions = () => shown.filter(text => text.endsWith(': ')).length
    while (questions() < count) await new Promise(resolve => setTimeout(resolve, 1))
    input.write(keys)
  }
  return { input, errors, shown: () => shown.join(''), answer }
}
const read = (
  at: ReturnType<typeof console>,
  options: { fromInput?: boolean; isNew?: boolean; environment?: Record<string, string> } = {},
) => readPassword({ fromInput: false, isNew: false, environment: {}, console: at, ...options })

describe('the password', () => {
  it('is the first line of standard input, rather than that of the environment', async () => {
    const at = console(false)
    at.input.end('correct horse \r\nbattery\n')
    const environment = { QSM_PASSWORD: 'another' }
    expect(await read(at, { fromInput: true, environment })).toBe('correct horse ')
    expect(at.shown()).toBe('')
  })

  it('is wrong usage where standard input is empty', async () => {
    const at = console(false)
    at.input.end('\n')
    await expect(read(at, { fromInput: true })).rejects.toThrow(UsageError)
  })

  it('is that of the environment, without a question', async () => {
    const at = console(true)
    expect(await read(at, { environment: { QSM_PASSWORD: 'from here' }, isNew: true })).toBe('from here')
    expect(at.shown()).toBe('')
  })

  it('is wrong usage where there is neither an option nor a terminal', async () => {
    const refused = read(console(false), { environment: { QSM_PASSWORD: '' } })
    await expect(refused).rejects.toThrow(UsageError)
    await expect(refused).rejects.toThrow('--password-stdin, QSM_PASSWORD, or a terminal')
  })

  it('is asked for at a terminal, which does not show what is typed', async () => {
    const at = console(true)
    const asked = read(at)
    await at.answer(1, 'correct horse\r')
    expect(await asked).toBe('correct horse')
    expect(at.shown()).toBe('Password: \n')
  })

  it('is asked for twice when it is new, and refused where the two differ', async () => {
    const same = console(true)
    const asked = read(same, { isNew: true })
    await same.answer(1, 'correct horse\r')
    await same.answer(2, 'correct horse\r')
    expect(await asked).toBe('correct horse')
    const other = console(true)
    const refused = expect(read(other, { isNew: true })).rejects.toThrow('differ')
    await other.answer(1, 'correct horse\r')
    await other.answer(2, 'correct house\r')
    await refused
    expect(other.shown()).not.toContain('correct')
  })

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('is not given with %s, which ends the question', async (_name, key) => {
    const at = console(true)
    const refused = expect(read(at)).rejects.toThrow('No password was given')
    await at.answer(1, key)
    await refused
  })
})
