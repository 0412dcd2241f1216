import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createLog } from '../src/index.js'
import { gatherLines, timeMember } from '../src/log-output.js'
import { textOf } from '../src/log-text.js'

const collected = (format: 'json' | 'text' = 'json') => {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { log: createLog({ service: 'test', level: 'info', format, destination }), lines }
}

/** Logs in a process of its own. */
const run = (fixture: string, ...args: readonly string[]) => {
  const file = fileURLToPath(new URL(`fixtures/${fixture}.ts`, import.meta.url))
  const node = ['--conditions=qsm-source', '--import', 'tsx', file, ...args]
  return spawnSync(process.execPath, node, { encoding: 'utf8', timeout: 20_000 })
}

describe('the log', () => {
  it('writes JSON lines with service, level and time', () => {
    const { log, lines } = collected()
    log.info({ route: '/x' }, 'request')
    log.debug('not at this level')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      service: 'test',
      route: '/x',
      msg: 'request',
    })
  })

  it('prints nothing under the name of a secret, at any of three depths', () => {
    const { log, lines } = collected()
    for (const name of [
      'authorization',
      'password',
      'access_token',
      'refresh_token',
      'ticket',
      'secret',
      'key',
      'cookie',
    ]) {
      log.info({ [name]: 'hunter2', a: { [name]: 'hunter2', b: { [name]: 'hunter2' } } }, 'x')
    }
    expect(lines.join()).not.toContain('hunter2')
    expect(lines.join()).toContain('[redacted]')
  })

  it('prints of an error where it happened and its causes, not the values of its statement', () => {
    const { log, lines } = collected()
    const driverError = Object.assign(new Error('duplicate key value'), {
      code: '23505',
      detail: 'Key (email)=(hunter2)',
    })
    const error = Object.assign(new Error('query failed', { cause: driverError }), {
      parameters: ['hunter2'],
      query: 'INSERT',
    })
    log.error({ err: error }, 'failed')
    expect(lines.join()).not.toContain('hunter2')
    expect(JSON.parse(lines[0] ?? '').err).toMatchObject({
      type: 'Error',
      message: 'query failed',
      stack: expect.stringContaining('log.test'),
      cause: { message: 'duplicate key value', code: '23505' },
    })
    log.error({ err: 'a text' }, 'failed')
    expect(JSON.parse(lines[1] ?? '').err).toEqual({ type: 'string', message: 'a text' })
  })

  it('can be read by people', () => {
    const { log, lines } = collected('text')
    log.warn({ status: 503, list: [1] }, 'slow')
    log.error({ err: new Error('broken') }, 'failed')
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}slow status=503 list=\[1\]\n$/)
    expect(lines[1]).toMatch(/ERROR failed\nError: broken\n {4}at /)
    expect(textOf('{"level":35,"time":"2026-11-24T12:00:00.000Z"}')).toBe('12:00:00.000 35\n')
  })

  it('is text at a terminal and JSON elsewhere, where nobody chose', () => {
    expect(run('log-at-terminal', 'terminal').stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}request status=200\n$/)
    expect(JSON.parse(run('log-at-terminal', 'file').stdout)).toMatchObject({ msg: 'request', status: 200 })
  })

  it('loses no line when the process ends at once', () => {
    const { stdout, status } = run('log-and-exit')
    expect([status, stdout.trim().split('\n').length]).toEqual([3, 2_000])
  })
})

describe('the output of the log', () => {
  const listening = () => {
    const writes: string[] = []
    const waiting: (() => void)[] = []
    const output = { write: (text: string) => void writes.push(text), flushSync: () => void writes.push('flushed') }
    const lines = gatherLines(output, output, run => void waiting.push(run))
    return { writes, lines, runNext: () => waiting.shift()?.() }
  }

  it('writes the lines of a short time at once and in order', () => {
    const { writes, lines, runNext } = listening()
    lines.write('a\n')
    lines.write('b\n')
    expect(writes).toEqual([])
    runNext()
    lines.write('c\n')
    runNext()
    runNext()
    expect(writes).toEqual(['a\nb\n', 'c\n'])
  })

  it('writes what is left behind what was handed over, when told to', () => {
    const { writes, lines, runNext } = listening()
    lines.write('a\n')
    lines.flushSync()
    expect(writes).toEqual(['flushed', 'a\n'])
    runNext()
    expect(writes).toHaveLength(2)
  })

  it('tells the time as ISO 8601 does, whichever time came before', () => {
    for (const ms of [0, 1_800_000_000_999, 1_800_000_001_000, 1_800_000_000_007, 1_800_000_000_060, 951_782_400_500])
      expect(timeMember(ms)).toBe(`,"time":"${new Date(ms).toISOString()}"`)
  })
})
