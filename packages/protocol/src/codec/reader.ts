import { malformed, usage } from '../errors.js'
import { plainView } from './bytes.js'

/** 2^53 − 1 is the highest number of eight bytes: its upper half has 21 bits. */
const maxHighHalf = 0x1f_ffff

/** Reads the fields of a record in order; throws `malformed`, naming the field, where the bytes end or do not fit. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    if (!(bytes instanceof Uint8Array)) throw usage('records and envelopes are Uint8Arrays')
    this.#bytes = plainView(bytes)
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

  /** A view on the bytes that are read: nothing is copied, nothing may be changed. */
  view(length: number, name: string): Uint8Array {
    const at = this.#take(length, name)
    return this.#bytes.subarray(at, at + length)
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
    const at = this.#take(8, name)
    const high = this.#view.getUint32(at)
    if (high > maxHighHalf) throw malformed(`${name} is over 2^53 − 1`)
    return high * 0x1_0000_0000 + this.#view.getUint32(at + 4)
  }

  /** A mark of one byte: 0 or 1, nothing else. */
  flag(name: string): boolean {
    const value = this.u8(name)
    if (value > 1) throw malformed(`${name} is neither 0 nor 1`)
    return value === 1
  }

  lp(maxLength: number, name: string): Uint8Array {
    const length = this.u32(`the length of ${name}`)
    if (length > maxLength) throw malformed(`${name} is over ${maxLength} bytes`)
    return this.bytes(length, name)
  }

  /** A value behind a mark: null where the mark is 0. */
  optional<T>(name: string, read: () => T): T | null {
    return this.flag(name) ? read() : null
  }

  /** Trailing bytes are refused. */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw malformed('there are bytes behind the end')
  }
}
