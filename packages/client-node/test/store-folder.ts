import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Store } from '@qsm/client'
import { afterAll, afterEach } from 'vitest'
import { bytesOf, readText } from './store-values.js'

const program = fileURLToPath(new URL('fixtures/store-process.mjs', import.meta.url))

/** Folders that are removed, and processes that are killed, when the tests of a file have ended. */
export const storeFolders = () => {
  const root = mkdtempSync(join(tmpdir(), 'qsm-file-store-'))
  const running: ChildProcess[] = []
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return {
    newFolder: (): string => mkdtempSync(join(root, 'store-')),
    /** Another process on a folder, once it has said something. */
    async startProcess(folder: string, task: string, argument = ''): Promise<ChildProcess> {
      const child = fork(program, [folder, task, argument], {
        execArgv: ['--conditions=qsm-source', '--import', 'tsx'],
      })
      running.push(child)
      await once(child, 'message')
      return child
    },
  }
}

export const kill = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** All values of a store as text. */
export const allOf = (store: Store): Promise<Record<string, string | null>> =>
  store.exclusive(async transaction => {
    const values: Record<string, string | null> = {}
    for (const key of await transaction.keys('')) values[key] = await readText(transaction, key)
    return values
  })

/** Puts and deletes (null) several values at once. */
export const change = (store: Store, values: Readonly<Record<string, string | null>>): Promise<void> =>
  store.exclusive(async transaction => {
    for (const [key, value] of Object.entries(values)) {
      if (value === null) transaction.delete(key)
      else transaction.put(key, bytesOf(value))
    }
  })
