import { malformed } from '../errors.js'

/** Reads the fields of a record in order; throws `malformed`, naming the field, where the bytes end or do not fit. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get offset(): number {
    return this.#offset
  }

  #take(length: number, name: string): number {
    const at = this.#offset
    if (at + length > this.#bytes.length) throw malformed(`the bytes end within ${name}`)
    this.#offset += length
    return at
  }

  /** A copy, so that a key does not hold on to a whole record. */
  bytes(length: number, name: string): Uint8Array {
    const at = this.#take(length, name)
    return this.#bytes.slice(at, at + length)
  }

  u8(name: string): number {
    return this.#view.getUint8(this.#take(1, name))
  }

  u16(name: string): number {
    return this.#view.getUint16(this.#take(2, name))
  }

  u32(name: string): number {
    return this.#view.getUint32(this.#take(4, name))
  }

  /** A number of eight bytes, at most 2^53 − 1. */
  u64(name: string): number {
    const value = Number(this.#view.getBigUint64(this.#take(8, name)))
    if (!Number.isSafeInteger(value)) throw malformed(`${name} is over 2^53 − 1`)
    return value
  }

  lp(maxLength: number, name: string): Uint8Array {
    const length = this.u32(`the length of ${name}`)
    if (length > maxLength) throw malformed(`${name} is over ${maxLength} bytes`)
    return this.bytes(length, name)
  }

  /** Trailing bytes are refused. */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw malformed('there are bytes behind the end')
  }
}
