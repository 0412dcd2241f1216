import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore } from '@qsm/client-node'
import { describe, expect, it } from 'vitest'
import { storeSuite } from '../../../tests/support/store-suite.js'
import { allOf, change, storeFolders } from './store-folder.js'

const { newFolder } = storeFolders()

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const valueFiles = (folder: string): readonly string[] => readdirSync(folder).filter(name => name.endsWith('.value'))

describe('a store in files', () => {
  storeSuite(() => {
    const folder = newFolder()
    return { open: () => fileStore(folder) }
  })

  it('is for its owner alone: folders 0700, files 0600, whatever the umask says', async () => {
    const umask = process.umask(0)
    try {
      const above = join(newFolder(), 'made')
      const folder = join(above, 'for-it')
      const store = fileStore(folder)
      await change(store, { device: 'secret', other: 'secret' })
      await store.alone('socket', async () => {
        await change(store, { device: 'changed', more: 'secret' })
        await store.exclusive(async () => {
          const names = readdirSync(folder)
          expect(names).toEqual(expect.arrayContaining(['values.index', 'writer.lock', 'alone.socket.lock']))
          expect(names.map(name => `${name} ${modeOf(join(folder, name))}`)).toEqual(names.map(name => `${name} 600`))
        })
      })
      expect([modeOf(above), modeOf(folder)]).toEqual(['700', '700'])
    } finally {
      process.umask(umask)
    }
  })

  it('closes a folder of its own that was opened to others, and leaves the rights of a foreign one', async () => {
    const own = newFolder()
    await change(fileStore(own), { a: 'one' })
    const foreign = newFolder()
    writeFileSync(join(foreign, 'notes.txt'), 'not of this program')
    const empty = newFolder()
    for (const folder of [own, foreign, empty]) chmodSync(folder, 0o755)
    for (const folder of [own, foreign, empty]) fileStore(folder)
    expect([own, foreign, empty].map(modeOf)).toEqual(['700', '755', '700'])
  })

  it('leaves one file for each value and the index, and no lock', async () => {
    const folder = newFolder()
    const store = fileStore(folder)
    for (let round = 0; round < 5; round += 1) await change(store, { a: `${round}`, b: `${round}` })
    await change(store, { b: null })
    await store.alone('inbox', async () => {})
    expect(valueFiles(folder)).toHaveLength(1)
    expect(readdirSync(folder)).toHaveLength(2)
    expect(await allOf(fileStore(folder))).toEqual({ a: '4' })
  })

  it('does not touch a file when nothing was changed', async () => {
    const folder = newFolder()
    const store = fileStore(folder)
    await change(store, { a: 'one' })
    const before = readdirSync(folder).map(name => [name, statSync(join(folder, name)).mtimeMs])
    await store.exclusive(async transaction => transaction.list(''))
    await change(store, { 'never-there': null })
    expect(readdirSync(folder).map(name => [name, statSync(join(folder, name)).mtimeMs])).toEqual(before)
  })
})

describe('a folder that cannot be used', () => {
  it('is named with the reason, and what can be done', async () => {
    const folder = newFolder()
    const file = join(folder, 'file')
    writeFileSync(file, '')
    for (const place of [file, join(file, 'below')]) {
      const open = () => fileStore(place)
      expect(open).toThrow(expect.objectContaining({ code: 'store_unusable' }))
      expect(open).toThrow(`The store in ${place} cannot be used`)
      expect(open).toThrow(/another --home/)
    }
  })

  it('is one that went away while it was used', async () => {
    const folder = join(newFolder(), 'store')
    const store = fileStore(folder)
    await change(store, { a: 'one' })
    rmSync(folder, { recursive: true })
    const gone = { code: 'store_unusable', message: expect.stringContaining('ENOENT') }
    await expect(change(store, { a: 'two' })).rejects.toMatchObject(gone)
    await expect(store.alone('inbox', async () => {})).rejects.toMatchObject(gone)
    mkdirSync(folder)
    await change(store, { a: 'three' })
    expect(await allOf(store)).toEqual({ a: 'three' })
  })
})

describe('a damaged file', () => {
  const filled = async () => {
    const folder = newFolder()
    await change(fileStore(folder), { device: 'secret', tokens: 'other' })
    const [file = ''] = valueFiles(folder)
    return { folder, path: join(folder, file), index: join(folder, 'values.index') }
  }
  const damages: Readonly<Record<string, (path: string) => void>> = {
    'cut off': path => writeFileSync(path, readFileSync(path).subarray(0, -1)),
    empty: path => writeFileSync(path, ''),
    'changed in one bit': path => {
      const bytes = readFileSync(path)
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      writeFileSync(path, bytes)
    },
    longer: path => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from([0])])),
    missing: path => rmSync(path),
  }

  it.each(Object.keys(damages))('of a value that is %s is named with its key, and what to do', async how => {
    const { folder, path } = await filled()
    damages[how]?.(path)
    const store = fileStore(folder)
    const read = store.exclusive(transaction => transaction.get('device'))
    await expect(read).rejects.toMatchObject({ code: 'store_damaged', message: expect.stringContaining(path) })
    await expect(read).rejects.toThrow(/"device".*Restore the folder from a copy, or log in with an empty one/)
    const other = await store.exclusive(transaction => transaction.get('tokens'))
    expect(other && new TextDecoder().decode(other)).toBe('other')
  })

  it.each(Object.keys(damages))('of the index that is %s is named, and no value goes with it', async how => {
    const { folder, index } = await filled()
    const before = readdirSync(folder).filter(name => name.endsWith('.value'))
    damages[how]?.(index)
    const store = fileStore(folder)
    for (const use of [allOf(store), change(store, { device: 'new' })]) {
      await expect(use).rejects.toMatchObject({ code: 'store_damaged', message: expect.stringContaining(index) })
    }
    expect(valueFiles(folder)).toEqual(before)
  })

  it('is also one that stands in the place of another', async () => {
    const { folder } = await filled()
    const [one = '', other = ''] = valueFiles(folder).map(name => join(folder, name))
    const [first, second] = [readFileSync(one), readFileSync(other)]
    writeFileSync(one, second)
    writeFileSync(other, first)
    await expect(allOf(fileStore(folder))).rejects.toMatchObject({ code: 'store_damaged' })
  })
})
