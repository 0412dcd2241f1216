import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const source = await readFile(new URL('../build/c/ml-kem/arithmetic.c', import.meta.url), 'utf8')
const q = 3329

/** The distances after which `ml_kem_transform_back` reduces its sums. */
const reducingIn = (text: string): number[] => {
  const condition = /const int reducing = ([^;]+);/.exec(text)?.[1] ?? ''
  return condition.split(' || ').map(term => Number(/^distance == (\d+)$/.exec(term)?.[1]))
}

/** The bounds that wasm/build/c/transform.h names, for a number of at most `size`. */
const multiplied = (size: number) => q * (1 / 2 + size / 2 ** 16)
const reduced = (size: number) => q * (1 / 2 + size / (3 * 2 ** 15))

/** The largest sum of each layer of the way back when all numbers are as large as they can be. */
const sumsOf = (reducing: readonly number[]): number[] => {
  let size = multiplied(2 ** 15)
  return [2, 4, 8, 16, 32, 64, 128].map(distance => {
    const sum = 2 * size
    size = Math.max(reducing.includes(distance) ? reduced(sum) : sum, multiplied(sum))
    return sum
  })
}

it('no sum of the way back of ML-KEM leaves 16 bits, which no random vector would show', () => {
  const reducing = reducingIn(source)
  expect(reducing.every(Number.isInteger)).toBe(true)
  expect(Math.max(...sumsOf(reducing))).toBeLessThan(2 ** 15)
})

it.each(reducingIn(source))('without the reduction at distance %i it would', distance => {
  const text = source.replace(new RegExp(`distance == ${distance}( \\|\\| )?(?=[d;])`), '').replace(' || ;', ';')
  expect(reducingIn(text)).toEqual(reducingIn(source).filter(other => other !== distance))
  expect(Math.max(...sumsOf(reducingIn(text)))).toBeGreaterThan(2 ** 15)
})
