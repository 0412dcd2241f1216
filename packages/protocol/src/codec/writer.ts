/** Writes the fields of a record in order: big-endian numbers, raw bytes, and `lp(x)` = u32 length ‖ x. */
export class Writer {
  readonly #parts: Uint8Array[] = []
  #length = 0

  bytes(value: Uint8Array): this {
    this.#parts.push(value)
    this.#length += value.length
    return this
  }

  u8(value: number): this {
    return this.bytes(Uint8Array.of(value))
  }

  u16(value: number): this {
    return this.bytes(Uint8Array.of(value >>> 8, value))
  }

  u32(value: number): this {
    return this.bytes(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value))
  }

  /** A number up to 2^53 − 1 in eight bytes. */
  u64(value: number): this {
    this.u32(Math.floor(value / 0x1_0000_0000))
    return this.u32(value % 0x1_0000_0000)
  }

  lp(value: Uint8Array): this {
    return this.u32(value.length).bytes(value)
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
