import type { Store } from '@qsm/client'
import { afterEach, beforeEach, expect, it } from 'vitest'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (value: Uint8Array | null): string | null => value && new TextDecoder().decode(value)

const read = (store: Store, key: string): Promise<string | null> =>
  store.exclusive(async transaction => textOf(await transaction.get(key)))

const write = (store: Store, values: Readonly<Record<string, string | null>>): Promise<void> =>
  store.exclusive(async transaction => {
    for (const [key, value] of Object.entries(values)) {
      if (value === null) transaction.delete(key)
      else transaction.put(key, bytes(value))
    }
  })

/** Something that runs until it is told to end. */
const openEnded = () => {
  let begin = () => {}
  let end = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  const ended = new Promise<void>(resolve => {
    end = resolve
  })
  const work = async (): Promise<string> => {
    begin()
    await ended
    return 'done'
  }
  return { work, begun, end: () => end() }
}

/**
 * What every store does alike. `open` gives another store over the same values each time, as two processes or two tabs
 * have it; the one in memory gives the same one again. Each test begins with what `open` finds empty.
 */
export const storeSuite = (prepare: () => { open(): Store }): void => {
  let here: Store
  let there: Store
  let open: () => Store
  beforeEach(() => {
    open = prepare().open
    here = open()
    there = open()
  })
  afterEach(async () => {
    await here.close()
    await there.close()
  })

  it('keeps what was put, and deletes what was deleted, for everybody', async () => {
    await write(here, { a: 'one', b: 'two', empty: '' })
    expect([await read(there, 'a'), await read(there, 'b'), await read(there, 'empty')]).toEqual(['one', 'two', ''])
    await write(there, { a: 'three', b: null, 'was-never-there': null })
    expect([await read(here, 'a'), await read(here, 'b')]).toEqual(['three', null])
    expect(await here.exclusive(transaction => transaction.keys(''))).toEqual(['a', 'empty'])
  })

  it('keeps nothing of a piece of work that throws, and goes on', async () => {
    await write(here, { a: 'one', b: 'two' })
    const fault = new Error('changed its mind')
    const failing = here.exclusive(async transaction => {
      transaction.put('a', bytes('changed'))
      transaction.put('c', bytes('new'))
      transaction.delete('b')
      throw fault
    })
    await expect(failing).rejects.toBe(fault)
    for (const store of [here, there]) {
      expect(await store.exclusive(transaction => transaction.keys(''))).toEqual(['a', 'b'])
      expect(await read(store, 'a')).toBe('one')
    }
  })

  it('shows a piece of work its own changes', async () => {
    await write(here, { 'list/a': 'one', 'list/b': 'two' })
    await here.exclusive(async transaction => {
      transaction.put('list/c', bytes('three'))
      transaction.put('list/a', bytes('first'))
      transaction.put('list/a', bytes('second'))
      transaction.delete('list/b')
      const list = await transaction.list('list/')
      expect(list.map(([key, value]) => [key, textOf(value)])).toEqual([
        ['list/a', 'second'],
        ['list/c', 'three'],
      ])
      expect(await transaction.get('list/b')).toBeNull()
    })
    expect(await read(there, 'list/a')).toBe('second')
  })

  it('lists the keys of a prefix in ascending order and no others', async () => {
    const inside = ['peer/', 'peer/!', 'peer/0', 'peer/10', 'peer/9', 'peer/Z', 'peer/a/b', 'peer/~']
    const outside = ['peer', 'peer-', 'peer0', 'peep/x', 'qeer/x', 'PEER/x', '%', '..']
    await write(here, Object.fromEntries([...inside, ...outside].reverse().map(key => [key, `of ${key}`])))
    const listed = await there.exclusive(transaction => transaction.list('peer/'))
    expect(listed.map(([key, value]) => [key, textOf(value)])).toEqual(inside.map(key => [key, `of ${key}`]))
    expect(await there.exclusive(transaction => transaction.keys('peer/a'))).toEqual(['peer/a/b'])
    expect(await there.exclusive(transaction => transaction.keys('peer/b'))).toEqual([])
    expect(await there.exclusive(transaction => transaction.keys(''))).toEqual([...inside, ...outside].sort())
  })

  it('gives names to values as they are: those of objects, of paths and long ones', async () => {
    const names = ['__proto__', 'constructor', 'toString', '../outside', '/etc/x', 'a b', 'x'.repeat(400)]
    await here.exclusive(async transaction => {
      for (const name of names) {
        expect(await transaction.get(name)).toBeNull()
        transaction.put(name, bytes(`of ${name}`))
      }
    })
    for (const name of names) expect(await read(there, name)).toBe(`of ${name}`)
    expect(await here.exclusive(transaction => transaction.keys(''))).toEqual([...names].sort())
  })

  it('keeps values of any bytes, a part of a larger buffer among them', async () => {
    const all = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251)
    const part = Uint8Array.from({ length: 64 }, (_, index) => 255 - index).subarray(10, 20)
    const expected = part.slice()
    const copy = all.slice()
    await here.exclusive(async transaction => {
      transaction.put('all', all)
      transaction.put('part', part)
    })
    await there.exclusive(async transaction => {
      expect(await transaction.get('part')).toEqual(expected)
      expect(await transaction.get('all')).toEqual(copy)
    })
  })

  it('hands out copies, and overwrites what it was given once it is kept or dropped', async () => {
    const [given, replaced, dropped] = [bytes('secret one'), bytes('secret two'), bytes('secret three')]
    await here.exclusive(async transaction => {
      transaction.put('key', replaced)
      transaction.put('key', given)
      const own = await transaction.get('key')
      own?.fill(7)
    })
    const thrown = here.exclusive(async transaction => {
      transaction.put('key', dropped)
      throw new Error('no')
    })
    await expect(thrown).rejects.toThrow('no')
    for (const value of [given, replaced, dropped]) expect(value.every(byte => byte === 0)).toBe(true)
    const first = await here.exclusive(transaction => transaction.get('key'))
    first?.fill(7)
    expect(await read(here, 'key')).toBe('secret one')
  })

  it('lets one write at a time: of a hundred additions none is lost', async () => {
    const add = (store: Store) =>
      store.exclusive(async transaction => {
        const before = Number(textOf(await transaction.get('sum')) ?? '0')
        await new Promise(resolve => setTimeout(resolve, 0))
        transaction.put('sum', bytes(String(before + 1)))
      })
    await Promise.all(Array.from({ length: 100 }, (_, index) => add(index % 2 === 0 ? here : there)))
    expect(await read(open(), 'sum')).toBe('100')
  })

  it('runs pieces of work of one opening in the order in which they were asked for', async () => {
    const order: number[] = []
    await Promise.all(
      [0, 1, 2, 3].map(number =>
        here.exclusive(async () => {
          await new Promise(resolve => setTimeout(resolve, 4 - number))
          order.push(number)
        }),
      ),
    )
    expect(order).toEqual([0, 1, 2, 3])
  })

  it('lets one have a name at a time, and keeps nobody from writing meanwhile', async () => {
    const first = openEnded()
    const second = openEnded()
    const running = here.alone('socket', first.work)
    await first.begun
    const waiting = there.alone('socket', second.work)
    await write(here, { a: 'written by one' })
    await write(there, { b: 'written by another' })
    expect(await there.alone('another name', async () => 'free')).toBe('free')
    const early = await Promise.race([second.begun.then(() => 'begun'), write(here, {}).then(() => 'waits')])
    expect(early).toBe('waits')
    first.end()
    expect(await running).toBe('done')
    await second.begun
    second.end()
    expect(await waiting).toBe('done')
  })

  it('refuses who does not want to wait for a name, and lets it be had again after a fault', async () => {
    const first = openEnded()
    const running = here.alone('inbox', first.work)
    await first.begun
    for (const store of [here, there]) {
      const refused = store.alone('inbox', async () => 'never', { wait: false })
      await expect(refused).rejects.toMatchObject({ code: 'store_in_use', message: expect.stringMatching(/another/) })
    }
    first.end()
    await running
    const fault = new Error('fell over')
    await expect(there.alone('inbox', () => Promise.reject(fault), { wait: false })).rejects.toBe(fault)
    expect(await here.alone('inbox', async () => 'free', { wait: false })).toBe('free')
  })

  it('ends the waiting for a name by a signal, but not what runs', async () => {
    const first = openEnded()
    const stop = new AbortController()
    const running = here.alone('outbox/1', first.work, { signal: stop.signal })
    await first.begun
    let hasRun = false
    const never = async () => {
      hasRun = true
    }
    const waiting = [here, there].map(store => store.alone('outbox/1', never, { signal: stop.signal }))
    const refused = waiting.map(one => expect(one).rejects.toMatchObject({ code: 'closed' }))
    stop.abort()
    await Promise.all(refused)
    await expect(here.alone('outbox/1', never, { signal: stop.signal })).rejects.toMatchObject({ code: 'closed' })
    first.end()
    expect(await running).toBe('done')
    expect(hasRun).toBe(false)
  })

  it('keeps its values when it is closed, twice too, and can be used again', async () => {
    await write(here, { a: 'kept' })
    await here.close()
    await here.close()
    expect(await read(there, 'a')).toBe('kept')
    await write(here, { b: 'after' })
    expect(await read(open(), 'b')).toBe('after')
  })
}
