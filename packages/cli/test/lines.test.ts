import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../src/lines.js'

const read = async (chunks: readonly Uint8Array[]): Promise<readonly string[]> => {
  const lines: string[] = []
  for await (const line of linesOf(Readable.from(chunks, { objectMode: true }))) lines.push(line)
  return lines
}
const text = (value: string) => new TextEncoder().encode(value)

describe('the lines of standard input', () => {
  it.each([
    ['', []],
    ['one', ['one']],
    ['one\n', ['one']],
    ['one\n\ntwo\n', ['one', '', 'two']],
    ['one\r\ntwo\r\n', ['one', 'two']],
    ['10 %\r20 %\n', ['10 %\r20 %']],
    ['one\u2028still one\n', ['one\u2028still one']],
    ['\n', ['']],
  ])('of %j are %j', async (input, lines) => {
    expect(await read([text(input)])).toEqual(lines)
  })

  it('are the same however the bytes come, characters that are cut among them', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map(value => value.replaceAll(/[\r\n]/g, ''))
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), fc.integer({ min: 1, max: 7 }), async (lines, size) => {
        const bytes = text(`${lines.join('\n')}\n`)
        const chunks: Uint8Array[] = []
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
        expect(await read(chunks)).toEqual(lines)
      }),
    )
  })
})
