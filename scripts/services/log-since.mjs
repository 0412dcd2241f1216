import { closeSync, openSync, readSync, statSync } from 'node:fs'

/** What a log got behind an offset: whole lines, and the offset behind them. One that was cut is read from its begin. */
export const linesSince = (file, offset) => {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const from = offset > size ? 0 : offset
  if (size === from) return { lines: [], offset: from }
  const buffer = Buffer.alloc(size - from)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, buffer, 0, buffer.length, from)
  } finally {
    closeSync(descriptor)
  }
  const end = buffer.lastIndexOf('\n') + 1
  return { lines: buffer.subarray(0, end).toString('utf8').split('\n').slice(0, -1), offset: from + end }
}
