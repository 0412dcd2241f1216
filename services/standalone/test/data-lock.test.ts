import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { dataHolder, lockData } from '../src/embedded-postgres/data-lock.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-data-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fieldsOf = (pid: number) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

it.runIf(process.platform === 'linux')(
  'a holder that has ended, and whose parent has not looked, keeps the data from nobody',
  async () => {
    // It ends when its parent has become a program that looks after nobody; bash would.
    const parent = spawn('bash', ['-c', 'sleep 0.5 & echo $!; exec sleep 60'])
    try {
      const pid = Number((await once(parent.stdout, 'data'))[0])
      await vi.waitFor(() => expect(fieldsOf(pid)[0]).toBe('Z'), 5_000)
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      writeFileSync(join(folder, 'qsm.lock'), `${pid} ${boot}/${fieldsOf(pid)[19]} 1\n`)
      expect(dataHolder(folder)).toBeNull()
      const free = await lockData(folder)
      expect(dataHolder(folder)).toBe(process.pid)
      free()
      expect(dataHolder(folder)).toBeNull()
    } finally {
      parent.kill('SIGKILL')
    }
  },
)
