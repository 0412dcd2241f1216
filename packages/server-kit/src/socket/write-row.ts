import type { Writable } from 'node:stream'
import type { FrameRow } from './frame-row.js'

/** Up to so many bytes are copied together, which is cheaper than handing each frame over to the stream. */
const maxCopiedBytes = 16_384

/**
 * Where rows are put together. It serves again and again as long as the network takes all of it at once; it is left to a stream
 * that still needs it.
 */
let bench = Buffer.allocUnsafeSlow(maxCopiedBytes)
let onBench: FrameRow | null = null
let written: Uint8Array = bench

const putOnBench = (row: FrameRow): Uint8Array => {
  if (row === onBench) return written
  clearBench()
  row.copyTo(bench)
  onBench = row
  written = bench.subarray(0, row.bytes)
  return written
}

/** Forgets the last row. */
export const clearBench = (): void => {
  onBench = null
}

/** Writes what lies on the bench, and takes a new one unless the stream is done with it; also where the stream throws. */
const writeFromBench = (row: FrameRow, stream: Writable): void => {
  let isFree = false
  try {
    stream.write(putOnBench(row))
    isFree = stream.writableLength === 0
  } finally {
    if (!isFree) {
      bench = Buffer.allocUnsafeSlow(maxCopiedBytes)
      clearBench()
    }
  }
}

/** Writes a row of frames at once. Sockets that get the same row one after the other share the copying. */
export const writeRow = (row: FrameRow, stream: Writable): void => {
  const frame = row.wholeFrame
  if (frame) {
    stream.write(frame)
  } else if (row.bytes <= maxCopiedBytes && stream.writableLength === 0) {
    writeFromBench(row, stream)
  } else {
    stream.cork()
    try {
      for (const chunk of row.chunks()) stream.write(chunk)
    } finally {
      stream.uncork()
    }
  }
}
