import { describe, expect, it } from 'vitest'
import { idFromBytes, idToBytes, newId, randomBytes } from '../src/index.js'
import { randomFraction } from '../src/random.js'

describe('ids', () => {
  it('are UUIDs of version 7 that tell their time and never repeat', () => {
    const before = Date.now()
    const ids = Array.from({ length: 5_000 }, newId)
    expect(new Set(ids).size).toBe(5_000)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const time = Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16)
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now())
  })

  it('are 16 bytes in the order of their text', () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057'
    expect(Buffer.from(idToBytes(id)).toString('hex')).toBe(id.replaceAll('-', ''))
    expect(idFromBytes(idToBytes(id.toUpperCase()))).toBe(id)
    expect(() => idToBytes('x')).toThrow()
  })
})

describe('random fractions', () => {
  it('fill the range from 0 up to 1', () => {
    const drawn = Array.from({ length: 10_000 }, randomFraction)
    expect(drawn.every(value => value >= 0 && value < 1)).toBe(true)
    for (let tenth = 0; tenth < 10; tenth += 1) {
      expect(drawn.filter(value => Math.floor(value * 10) === tenth).length).toBeGreaterThan(700)
    }
  })
})

describe('random bytes', () => {
  it('are as many as asked for, plain, and never the same', () => {
    const seen = new Set<string>()
    for (let round = 0; round < 3_000; round += 1) {
      const bytes = randomBytes(32)
      expect(bytes.constructor.name).toBe('Uint8Array')
      expect(bytes.byteOffset).toBe(0)
      seen.add(Buffer.from(bytes).toString('hex'))
    }
    expect(seen.size).toBe(3_000)
    expect(randomBytes(0)).toHaveLength(0)
    expect(randomBytes(1_024)).toHaveLength(1_024)
    for (const length of [-1, 1_025, 1.5, Number.NaN]) expect(() => randomBytes(length)).toThrow(RangeError)
  })
})
