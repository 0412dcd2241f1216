import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './fault.js'

const diskBytes = '600M'
const fullMs = 5_000
const chunkBytes = 1024 * 1024

const walSwitches = 10

/** A disk of its own in a file, which only root can mount. */
export interface SmallDisk {
  readonly folder: string
  /** Leaves no byte for some seconds. */
  fill(): Promise<void>
  remove(): void
}

export const canMount = process.getuid?.() === 0

export const mountSmallDisk = (): SmallDisk => {
  const image = mkdtempSync(join(tmpdir(), 'qsm-disk-'))
  const folder = mkdtempSync(join(tmpdir(), 'qsm-mount-'))
  const file = join(image, 'image')
  execFileSync('truncate', ['-s', diskBytes, file])
  execFileSync('mkfs.ext4', ['-q', '-m', '0', file])
  execFileSync('mount', ['-o', 'loop', file, folder])
  const filler = join(folder, 'filler')
  return {
    folder,
    async fill() {
      const until = performance.now() + fullMs
      try {
        writeFileSync(filler, new Uint8Array(0))
        // Whoever frees a block meanwhile does not keep it.
        while (performance.now() < until) {
          try {
            const left = statfsSync(folder).bavail > 256 ? chunkBytes : 4096
            writeFileSync(filler, new Uint8Array(left), { flag: 'a' })
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
            await sleep(20)
          }
        }
      } finally {
        rmSync(filler, { force: true })
      }
    },
    remove() {
      execFileSync('umount', ['-l', folder])
      for (const path of [folder, image]) rmSync(path, { recursive: true, force: true })
    },
  }
}

/**
 * A full disk for PostgreSQL, which is made to ask for space. Throws where it found some after all: then nothing was tried.
 */
export const fullDisk = (disk: SmallDisk): Fault => ({
  name: 'the disk of PostgreSQL is full for 5 s',
  times: 20,
  async act(replicas) {
    const filling = disk.fill()
    let refused = 0
    for (let time = 0; time < walSwitches; time += 1) {
      await sleep(fullMs / walSwitches)
      // Each begins a new segment of 16 MiB, if something was written since.
      await replicas.sql('SELECT pg_switch_wal()').catch(() => {
        refused += 1
      })
    }
    await filling
    if (refused === 0) throw new Error('PostgreSQL found space on a full disk')
  },
})
