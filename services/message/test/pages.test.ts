import type { Database } from '@qsm/server-kit'
import { expect, test } from 'vitest'
import { readBigints } from '../../../tests/support/read-bigints.js'
import { createPages } from '../src/mailbox/pages.js'

const nextTurn = () => new Promise(setImmediate)
const mib = 1_048_576
const alice = '01890000-0000-7000-8000-00000000000a'

/** A database whose statements the test ends by hand. */
const stage = () => {
  const statements: { readonly devices: readonly number[]; readonly bytes: readonly number[]; end(): void }[] = []
  const database = {
    query: (_: unknown, values: readonly unknown[]) =>
      new Promise(resolve => {
        const [devices, bytes] = [readBigints(values[1]), readBigints(values[4])]
        const rows = devices.map((device, index) => ({ ix: String(index + 1), found: 1, entries: `${device} 0 ` }))
        statements.push({ devices, bytes, end: () => resolve(rows) })
      }),
  }
  const pages = createPages(database as unknown as Database)
  const of = (deviceId: number) => ({ userId: alice, deviceId, after: 0, limit: 50 })
  return {
    statements,
    pushed: (device: number) => pages.page(of(device)),
    asked: (device: number, signal = new AbortController().signal) => pages.requestedPage(of(device), signal),
  }
}

test('of all that one device asks for one page is read at a time; who comes behind it goes with the first', async () => {
  const { statements, asked } = stage()
  const mine = Array.from({ length: 200 }, () => asked(1))
  const theirs = asked(2)
  await nextTurn()
  expect(statements.map(one => one.devices)).toEqual([[1, 2]])
  statements[0]?.end()
  expect((await theirs).entries[0]?.sequence).toBe(2)
  await nextTurn()
  await nextTurn()
  expect(statements.map(one => one.devices)).toEqual([[1, 2], [1]])
  statements[1]?.end()
  expect((await Promise.all(mine.slice(0, 2))).map(page => page.entries[0]?.sequence)).toEqual([1, 1])
})

test('requests whose client is gone are not read', async () => {
  const { statements, asked } = stage()
  const client = new AbortController()
  const gone = [asked(1), asked(1, client.signal), asked(1, client.signal), asked(1)]
  await nextTurn()
  client.abort()
  statements[0]?.end()
  for (const page of await Promise.all(gone.slice(1, 3))) expect(page).toEqual({ entries: [], more: false })
  await nextTurn()
  await nextTurn()
  expect(statements.map(one => one.devices)).toEqual([[1], [1]])
})

test('a statement for requests reads four pages at most, and sockets do not wait for them', async () => {
  const { statements, asked, pushed } = stage()
  for (let device = 1; device <= 12; device += 1) void asked(device)
  await nextTurn()
  expect(statements.map(one => one.devices.length)).toEqual([4, 4])
  const page = pushed(99)
  await nextTurn()
  statements[2]?.end()
  expect((await page).entries[0]?.sequence).toBe(99)
})

test('the pages of many sockets share 8 MiB; one alone has its MiB', async () => {
  const { statements, pushed } = stage()
  void pushed(1)
  await nextTurn()
  for (let device = 2; device <= 65; device += 1) void pushed(device)
  await nextTurn()
  expect(statements[0]?.bytes).toEqual([mib])
  expect(statements[1]?.bytes).toEqual(Array(64).fill(mib / 8))
})
