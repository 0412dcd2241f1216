import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'

const scripts = new URL('../../scripts/setup/', import.meta.url)
const { alone } = (await import(new URL('alone.mjs', scripts).href)) as {
  alone<T>(file: string, work: () => Promise<T>): Promise<T>
}
const { beginOf } = (await import(new URL('process-begin.mjs', scripts).href)) as {
  beginOf(pid: number): string | null
}

const folder = mkdtempSync(join(tmpdir(), 'qsm-alone-'))
const file = join(folder, 'lock')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('work that is done alone', () => {
  it('leaves number and begin of its process in the lock, and gives it back', async () => {
    const text = await alone(file, async () => readFileSync(file, 'utf8'))
    expect(text).toBe(`${process.pid} ${beginOf(process.pid)}`)
    expect(existsSync(file)).toBe(false)
  })

  it.each([
    ['another begin', `${process.pid} a-boot/1`],
    ['no begin', `${process.pid}`],
    ['no number', ''],
  ])(
    'does not wait for a holder whose number is a living process and that has %s',
    async (_, text) => {
      writeFileSync(file, text)
      expect(await alone(file, async () => 'done')).toBe('done')
    },
    5_000,
  )

  it('waits for a holder that lives', async () => {
    writeFileSync(file, `${process.pid} ${beginOf(process.pid)}`)
    let done = false
    const work = alone(file, async () => {
      done = true
    })
    await sleep(700)
    expect(done).toBe(false)
    rmSync(file)
    await work
    expect(done).toBe(true)
  })
})
