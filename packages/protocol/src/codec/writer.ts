import { usage } from '../errors.js'

const within = (value: number, max: number): number => {
  if (!Number.isInteger(value) || value < 0 || value > max) throw usage(`a number must be a whole one from 0 to ${max}`)
  return value
}

/** Writes the fields of a record in order: big-endian numbers, raw bytes, and `lp(x)` = u32 length ‖ x. */
export class Writer {
  readonly #parts: Uint8Array[] = []
  #length = 0

  bytes(value: Uint8Array): this {
    this.#parts.push(value)
    this.#length += value.length
    return this
  }

  /** Bytes of a length that the layout fixes. Throws `usage` for another: a field that slips moves all behind it. */
  fixed(length: number, value: Uint8Array, name: string): this {
    if (!(value instanceof Uint8Array) || value.length !== length) throw usage(`${name} must be ${length} bytes`)
    return this.bytes(value)
  }

  u8(value: number): this {
    return this.bytes(Uint8Array.of(within(value, 0xff)))
  }

  u16(value: number): this {
    within(value, 0xffff)
    return this.bytes(Uint8Array.of(value >>> 8, value))
  }

  u32(value: number): this {
    within(value, 0xffff_ffff)
    return this.bytes(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value))
  }

  /** A number up to 2^53 − 1 in eight bytes. */
  u64(value: number): this {
    within(value, Number.MAX_SAFE_INTEGER)
    this.u32(Math.floor(value / 0x1_0000_0000))
    return this.u32(value % 0x1_0000_0000)
  }

  lp(value: Uint8Array): this {
    return this.u32(value.length).bytes(value)
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0)
  }

  /** A mark, and behind it the value where there is one. */
  optional<T>(value: T | null, write: (value: T) => void): this {
    this.flag(value !== null)
    if (value !== null) write(value)
    return this
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#length)
    let offset = 0
    for (const part of this.#parts) {
      whole.set(part, offset)
      offset += part.length
    }
    return whole
  }
}
