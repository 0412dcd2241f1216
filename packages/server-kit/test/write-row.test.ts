import type { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { FrameRow } from '../src/socket/frame-row.js'
import { writeRow } from '../src/socket/write-row.js'

const rowOf = (...texts: readonly [string, ...string[]]): FrameRow => {
  const [first, ...more] = texts.map(text => Buffer.from(text)) as [Buffer, ...Buffer[]]
  return more.reduce((row, frame) => row.withFrame(frame), new FrameRow(null, first, false))
}

/** A stream that keeps what it is given, as a network does that takes nothing at once, and throws where told so. */
const createStream = (options: { readonly throws: boolean; readonly isFull?: boolean }) => {
  const taken: Uint8Array[] = []
  let corked = 0
  const stream = {
    writableLength: options.isFull ? 1 : 0,
    write(chunk: Uint8Array) {
      taken.push(chunk)
      if (options.throws) throw new Error('after it was taken')
      return true
    },
    cork() {
      corked += 1
    },
    uncork() {
      corked -= 1
    },
  }
  return { stream: stream as unknown as Writable, taken, corked: () => corked }
}
const textOf = (taken: readonly Uint8Array[]): string => Buffer.concat(taken).toString()

it('what a stream took before it threw is not overwritten by the next row', () => {
  const [broken, other] = [createStream({ throws: true }), createStream({ throws: false })]
  expect(() => writeRow(rowOf('for ', 'one'), broken.stream)).toThrow('after it was taken')
  writeRow(rowOf('and ', 'for another'), other.stream)
  expect([textOf(broken.taken), textOf(other.taken)]).toEqual(['for one', 'and for another'])
})

it('a row that could not be put together spoils nothing of the one before, which another socket has too', () => {
  const [both, broken] = [rowOf('for ', 'both'), rowOf('for ', 'nobody')]
  const sent = (row: FrameRow): string => {
    // The network takes all of it at once, so the bytes are looked at then.
    let got = ''
    writeRow(row, { writableLength: 0, write: (chunk: Uint8Array) => (got += textOf([chunk])) } as unknown as Writable)
    return got
  }
  expect(sent(both)).toBe('for both')
  broken.copyTo = target => {
    target.fill(0x78, 0, 6)
    throw new Error('half way')
  }
  expect(() => sent(broken)).toThrow('half way')
  expect(sent(both)).toBe('for both')
})

it('a stream that throws at one of many chunks is uncorked', () => {
  const full = createStream({ throws: true, isFull: true })
  expect(() => writeRow(rowOf('one', 'two'), full.stream)).toThrow('after it was taken')
  expect(full.corked()).toBe(0)
})
