import { headLength, writeHead } from './framed.js'

/** Frames that wait to be written, in their order: each row is the one before with a frame more. */
export class FrameRow {
  readonly #before: FrameRow | null
  /** A whole frame, or the payload of a binary one whose head is written with it. */
  readonly #part: Uint8Array
  readonly #headBytes: number
  /** All of the row. */
  readonly bytes: number
  /** The row after that several sockets asked for. */
  #after: FrameRow | null = null

  constructor(before: FrameRow | null, part: Uint8Array, isPayload: boolean) {
    this.#before = before
    this.#part = part
    this.#headBytes = isPayload ? headLength(part.length) : 0
    this.bytes = this.#headBytes + part.length + (before === null ? 0 : before.bytes)
  }

  /** The row with a whole frame more: the same one for all sockets that get the same. */
  withFrame(frame: Uint8Array): FrameRow {
    if (this.#after === null || this.#after.#part !== frame) this.#after = new FrameRow(this, frame, false)
    return this.#after
  }

  withPayload(payload: Uint8Array): FrameRow {
    return new FrameRow(this, payload, true)
  }

  /** The only frame of the row where it is whole, so that nothing need be put together. */
  get wholeFrame(): Uint8Array | null {
    return this.#before === null && this.#headBytes === 0 ? this.#part : null
  }

  /** Writes all to the beginning of `target`. */
  copyTo(target: Buffer): void {
    let end = this.bytes
    for (let row: FrameRow | null = this; row !== null; row = row.#before) {
      const { length } = row.#part
      target.set(row.#part, end - length)
      if (row.#headBytes > 0) writeHead(target, end - length - row.#headBytes, 'binary', length)
      end -= length + row.#headBytes
    }
  }

  /** The same as buffers, whose long payloads are not copied. */
  chunks(): readonly Uint8Array[] {
    const chunks: Uint8Array[] = []
    for (let row: FrameRow | null = this; row !== null; row = row.#before) {
      chunks.push(row.#part)
      if (row.#headBytes === 0) continue
      const head = Buffer.allocUnsafe(row.#headBytes)
      writeHead(head, 0, 'binary', row.#part.length)
      chunks.push(head)
    }
    return chunks.reverse()
  }
}
