import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import * as inNode from '../src/base64.js'

/** The module as a browser loads it, where there is no Buffer. */
const loadForBrowser = async (): Promise<typeof inNode> => {
  vi.resetModules()
  vi.stubGlobal('Buffer', undefined)
  try {
    return await import('../src/base64.js')
  } finally {
    vi.unstubAllGlobals()
  }
}
const inBrowser = await loadForBrowser()
const pattern = new RegExp(inNode.base64Pattern())

describe.each([
  ['Node', inNode],
  ['a browser', inBrowser],
])('base64 in %s', (_platform, { base64Bytes, base64Length, base64Pattern, decodeBase64, encodeBase64 }) => {
  it('gives the test vectors of RFC 4648 section 10', () => {
    const vectors = {
      '': '',
      f: 'Zg==',
      fo: 'Zm8=',
      foo: 'Zm9v',
      foob: 'Zm9vYg==',
      fooba: 'Zm9vYmE=',
      foobar: 'Zm9vYmFy',
    }
    for (const [text, encoded] of Object.entries(vectors)) {
      const bytes = new TextEncoder().encode(text)
      expect(encodeBase64(bytes)).toBe(encoded)
      expect(decodeBase64(encoded)).toEqual(bytes)
      expect(base64Bytes(encoded)).toBe(text.length)
      expect(base64Length(text.length)).toBe(encoded.length)
    }
  })

  it.each([
    ['without padding', 'Zg'],
    ['with too little padding', 'Zg='],
    ['with too much padding', 'Zm9v===='],
    ['with padding alone', '===='],
    ['with padding in the middle', 'Zg==Zm9v'],
    ['with one character over', 'Zm9vY'],
    ['in the URL alphabet', '-_-_'],
    ['with a line break', 'Zm9v\n'],
    ['with spaces', 'Zm 9v'],
    ['with a line break in place of a character', 'Zm9\n'],
    ['with bits behind the last byte (==)', 'Zh=='],
    ['with bits behind the last byte (=)', 'Zm9='],
    ['with a letter beyond ASCII', 'Zm9é'],
    ['with a NUL', 'Zm9\0'],
  ])('refuses a text %s', (_, text) => {
    expect(base64Bytes(text)).toBeNull()
    expect(() => decodeBase64(text)).toThrow(TypeError)
    expect(pattern.test(text)).toBe(false)
  })

  it('carries any bytes there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        const text = encodeBase64(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64'))
        expect(decodeBase64(text)).toEqual(bytes)
        expect(base64Bytes(text)).toBe(bytes.length)
      }),
    )
  })

  it('takes exactly the texts that encoding gives, and the pattern of the documents agrees', () => {
    const character = fc.constantFrom(...'AQgwZm9v+/=-_ \n')
    const text = fc.array(character, { maxLength: 12 }).map(characters => characters.join(''))
    fc.assert(
      fc.property(text, given => {
        const isCanonical = Buffer.from(given, 'base64').toString('base64') === given
        expect(base64Bytes(given) !== null).toBe(isCanonical)
        expect(pattern.test(given)).toBe(isCanonical)
      }),
      { numRuns: 5_000 },
    )
  })

  it('of exactly some bytes is told from any other by pattern and length of its text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (bytes, wanted) => {
        const text = encodeBase64(bytes)
        const fits = text.length === base64Length(wanted) && new RegExp(base64Pattern(wanted)).test(text)
        expect(fits).toBe(bytes.length === wanted)
      }),
      { numRuns: 2_000 },
    )
  })

  it('carries bytes as long as the largest body', () => {
    const bytes = new Uint8Array(3_145_728).map((_, index) => index * 31 + (index >> 8))
    expect(Buffer.compare(decodeBase64(encodeBase64(bytes)), bytes)).toBe(0)
  })

  it('encodes a view of a larger buffer as the view alone', () => {
    expect(encodeBase64(new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3))).toBe('AgM=')
  })
})
