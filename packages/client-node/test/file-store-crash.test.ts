import { readdirSync, writeFileSync } from 'node:fs'
import { fileStore } from '@qsm/client-node'
import { describe, expect, it } from 'vitest'
import { type FileOperations, fileOperations } from '../src/file-operations.js'
import { allOf, change, kill, storeFolders } from './store-folder.js'

const { newFolder, startProcess } = storeFolders()

type Moment = 'before' | 'half' | 'after'
class PowerCut extends Error {}

/** Operations of a machine whose power goes at the step with this number: nothing happens after that. */
const cutAt = (step: number, moment: Moment) => {
  let steps = 0
  const guard =
    <A extends readonly unknown[], R>(operation: (...args: A) => Promise<R>, half: (...args: A) => void) =>
    async (...args: A): Promise<R> => {
      const isNow = steps === step
      if (steps > step || (isNow && moment === 'before')) throw new PowerCut()
      steps += 1
      if (isNow && moment === 'half') {
        half(...args)
        throw new PowerCut()
      }
      const result = await operation(...args)
      if (isNow) throw new PowerCut()
      return result
    }
  const operations: FileOperations = {
    ...fileOperations,
    write: guard(fileOperations.write, (file, bytes) => writeFileSync(file, bytes.subarray(0, bytes.length / 2))),
    rename: guard(fileOperations.rename, () => {}),
    remove: guard(fileOperations.remove, () => {}),
    syncFolder: guard(fileOperations.syncFolder, () => {}),
  }
  return { operations, wasCut: () => steps > step || moment === 'before' }
}

const before = { a: 'a1', b: 'b1', gone: 'soon' }
const changes = { a: 'a2', b: 'b2', gone: null, added: 'new' }
const after = { a: 'a2', b: 'b2', added: 'new' }

describe('a store in files whose machine dies', () => {
  it.each(['before', 'half', 'after'] as const)('holds all of a change or none of it: %s any step', async moment => {
    const outcomes: string[] = []
    for (let step = 0; ; step += 1) {
      const folder = newFolder()
      await change(fileStore(folder), before)
      const { operations } = cutAt(step, moment)
      const cut = await change(fileStore(folder, { operations }), changes).then(
        () => false,
        error => error instanceof PowerCut || Promise.reject(error),
      )
      if (!cut) break
      const store = fileStore(folder)
      const found = await allOf(store)
      expect([before, after]).toContainEqual(found)
      outcomes.push('added' in found ? 'after' : 'before')
      await change(store, { c: 'goes on' })
      expect(await allOf(store)).toEqual({ ...found, c: 'goes on' })
      // One file for each value, and the index: what was cut off is cleared away.
      expect(readdirSync(folder)).toHaveLength(Object.keys(found).length + 2)
    }
    expect(outcomes.join(' ')).toMatch(/^(before )+(after ?)+$/)
    expect(outcomes.length).toBeGreaterThan(7)
  })

  it('holds all of its first change or none of it', async () => {
    for (let step = 0; ; step += 1) {
      const folder = newFolder()
      const { operations } = cutAt(step, 'half')
      const cut = await change(fileStore(folder, { operations }), { a: 'one', b: 'two' }).catch(error => error)
      if (cut === undefined) break
      expect(cut).toBeInstanceOf(PowerCut)
      const store = fileStore(folder)
      expect([{}, { a: 'one', b: 'two' }]).toContainEqual(await allOf(store))
      await change(store, { a: 'three' })
      expect(await allOf(store)).toMatchObject({ a: 'three' })
    }
  })

  it('goes on after a write that failed, without mixing what was under way into the next change', async () => {
    const folder = newFolder()
    let writes = 0
    let letGo = () => {}
    const slow = new Promise<void>(resolve => {
      letGo = resolve
    })
    const operations: FileOperations = {
      ...fileOperations,
      async write(file, bytes) {
        writes += 1
        // After that of the first index.
        if (writes === 2) throw new Error('no room')
        if (writes === 3) await slow
        return fileOperations.write(file, bytes)
      },
    }
    const store = fileStore(folder, { operations })
    const failing = expect(change(store, { a: 'lost', b: 'lost' })).rejects.toThrow('no room')
    const next = change(store, { c: 'kept', d: 'kept' })
    setTimeout(letGo, 20)
    await failing
    await next
    expect(await allOf(store)).toEqual({ c: 'kept', d: 'kept' })
    expect(await allOf(fileStore(folder))).toEqual({ c: 'kept', d: 'kept' })
  })

  it('is whole after kill -9 of a process at any moment, and is free at once', async () => {
    const folder = newFolder()
    let told = 0
    for (let life = 0; life < 4; life += 1) {
      const child = await startProcess(folder, 'rounds', String(told + 1))
      await new Promise<void>(resolve => {
        child.on('message', round => {
          told = Math.max(told, Number(round))
        })
        setTimeout(resolve, 20 + life * 7)
      })
      await kill(child)
      const store = fileStore(folder, { writerWaitMs: 2_000 })
      const values = await allOf(store)
      const [round = 0] = Object.keys(values).flatMap(key => (key.startsWith('only-') ? [Number(key.slice(5))] : []))
      const text = (key: string) => `${round} ${key} ${'x'.repeat(round % 3_000)}`
      expect(values).toEqual({ a: text('a'), b: text('b'), c: text('c'), [`only-${round}`]: 'new' })
      // What was said to be kept is kept; more may be.
      expect(round).toBeGreaterThanOrEqual(told)
      expect(readdirSync(folder).filter(name => !/^(values\.index|[0-9]+\.value)$/.test(name))).toEqual([])
      told = round
    }
    expect(told).toBeGreaterThan(4)
  }, 120_000)
})
