import { expect, it } from 'vitest'
import { createLookup } from '../src/batch/lookup.js'

it('looks once for what is asked for in one turn, and gives null for what is not there', async () => {
  const asked: string[][] = []
  const look = createLookup(async keys => {
    asked.push([...keys])
    return new Map(keys.filter(key => key !== 'nobody').map(key => [key, key.toUpperCase()]))
  })
  expect(await Promise.all(['one', 'two', 'one', 'nobody'].map(look))).toEqual(['ONE', 'TWO', 'ONE', null])
  expect(asked).toEqual([['one', 'two', 'nobody']])
  expect(await look('two')).toBe('TWO')
  expect(asked).toHaveLength(2)
})

it('tells each who asked why a look failed, and looks again the next time', async () => {
  let isAway = true
  const look = createLookup(async keys => {
    if (isAway) throw new Error('the database is away')
    return new Map(keys.map(key => [key, 1]))
  })
  const results = await Promise.allSettled([look('one'), look('two')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  isAway = false
  expect(await look('one')).toBe(1)
})
