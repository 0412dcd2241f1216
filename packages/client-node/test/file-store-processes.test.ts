import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore } from '@qsm/client-node'
import { describe, expect, it } from 'vitest'
import { allOf, change, kill, storeFolders } from './store-folder.js'

const { newFolder, startProcess } = storeFolders()

describe('a store in files that processes share', () => {
  it('loses nothing of what three processes add at once', async () => {
    const folder = newFolder()
    const ended = await Promise.all([60, 60, 60].map(count => startProcess(folder, 'add', String(count))))
    const values = await allOf(fileStore(folder))
    expect(values.sum).toBe('180')
    expect(ended.map(child => values[`of-${child.pid}`])).toEqual(['60', '60', '60'])
  })

  it('names the process that holds what cannot be had, which is free once that was killed', async () => {
    const folder = newFolder()
    const holder = await startProcess(folder, 'alone', 'inbox')
    const store = fileStore(folder)
    const refused = store.alone('inbox', async () => {}, { wait: false })
    await expect(refused).rejects.toMatchObject({
      code: 'store_in_use',
      message: expect.stringMatching(
        new RegExp(`^Process ${holder.pid} holds "inbox" of the store in ${folder}. End it`),
      ),
    })
    await change(store, { a: 'written meanwhile' })
    const waiting = store.alone('inbox', async () => 'had it')
    await kill(holder)
    expect(await waiting).toBe('had it')
  })

  it('is free at once where a writer was killed', async () => {
    const folder = newFolder()
    await kill(await startProcess(folder, 'write'))
    expect(readdirSync(folder)).toContain('writer.lock')
    await change(fileStore(folder, { writerWaitMs: 0 }), { a: 'mine now' })
    expect(readdirSync(folder)).not.toContain('writer.lock')
  })

  it('does not wait without end for a writer that stands still, and names it', async () => {
    const folder = newFolder()
    const writer = await startProcess(folder, 'write')
    writer.kill('SIGSTOP')
    const waited = change(fileStore(folder, { writerWaitMs: 50 }), { a: 'one' })
    await expect(waited).rejects.toMatchObject({
      code: 'store_in_use',
      message: expect.stringContaining(`Process ${writer.pid} has been writing`),
    })
  })

  it('tells a process from a later one with its number, by when it began', async () => {
    const folder = newFolder()
    const [, begin] = await fileStore(folder).exclusive(async () =>
      readFileSync(join(folder, 'writer.lock'), 'utf8').split(' '),
    )
    writeFileSync(join(folder, 'writer.lock'), `${process.pid} ${begin} of-this-process`)
    const store = fileStore(folder, { writerWaitMs: 20 })
    await expect(change(store, { a: 'one' })).rejects.toMatchObject({ code: 'store_in_use' })
    writeFileSync(join(folder, 'writer.lock'), `${process.pid} ${begin}9 of-an-earlier-one`)
    await change(store, { a: 'one' })
    expect(await allOf(store)).toEqual({ a: 'one' })
  })

  it('does not take a process for alive that has ended and that nobody has looked after', async () => {
    const folder = newFolder()
    // The shell becomes a program that does not wait for the child that it has.
    const parent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [said] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(said.toString())
      const stateOf = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]
      await expect.poll(stateOf, { timeout: 10_000 }).toBe('Z')
      writeFileSync(join(folder, 'writer.lock'), `${pid}  ended`)
      const store = fileStore(folder, { writerWaitMs: 0 })
      await change(store, { a: 'one' })
      expect(await allOf(store)).toEqual({ a: 'one' })
    } finally {
      parent.kill('SIGKILL')
    }
  })

  it('lets one of many have the lock of a dead process, and clears away what it left behind', async () => {
    for (let round = 0; round < 10; round += 1) {
      const folder = newFolder()
      writeFileSync(join(folder, 'writer.lock'), '999999999 gone dead')
      writeFileSync(join(folder, 'writer.lock.next'), '999999998 gone dead')
      writeFileSync(join(folder, 'writer.lock.00000000-0000-4000-8000-000000000000'), '999999997 gone dead')
      let writers = 0
      const stores = Array.from({ length: 6 }, () => fileStore(folder))
      await Promise.all(
        stores.map(store =>
          store.exclusive(async transaction => {
            writers += 1
            expect(writers).toBe(1)
            const sum = (await transaction.get('sum'))?.length ?? 0
            await new Promise(resolve => setTimeout(resolve, 1))
            transaction.put('sum', new Uint8Array(sum + 1))
            writers -= 1
          }),
        ),
      )
      expect((await allOf(fileStore(folder))).sum).toHaveLength(6)
      expect(readdirSync(folder)).toEqual(['00000006.value', 'values.index'])
    }
  })
})
