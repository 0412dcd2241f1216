import type { LiboqsModule } from './module.js'

const marginBytes = 4_096

/**
 * The memory of one module, with room for fixed buffers. What a private operation left in the buffers and on the stack is
 * overwritten after it, whether it returned or threw.
 *
 * The stack lies below the static data and grows down, so its residue stands right below the first static byte.
 */
export class WipedMemory {
  readonly #module: LiboqsModule
  readonly #stackTop: number
  #stackLowest: number
  readonly #buffers: { pointer: number; bytes: number }[] = []

  constructor(module: LiboqsModule) {
    this.#module = module
    this.#stackTop = module.HEAPU8.findIndex(byte => byte !== 0)
    this.#stackLowest = this.#stackTop
  }

  /** Room for `bytes` bytes that lives as long as the module. */
  reserve(bytes: number): number {
    const pointer = this.#module._malloc(bytes)
    if (pointer === 0) throw new Error('the WASM heap is full')
    this.#buffers.push({ pointer, bytes })
    return pointer
  }

  write(pointer: number, bytes: Uint8Array): void {
    this.#module.HEAPU8.set(bytes, pointer)
  }

  read(pointer: number, bytes: number): Uint8Array {
    return this.#module.HEAPU8.slice(pointer, pointer + bytes)
  }

  /** A 32-bit number as WASM stores it. */
  readU32(pointer: number): number {
    const { buffer } = this.#module.HEAPU8
    return new DataView(buffer).getUint32(pointer, true)
  }

  /** Learns how deep the stack has been used, so that wiping need not go over all 8 MiB of it. */
  learnStackDepth(): void {
    const lowest = this.#module.HEAPU8.subarray(0, this.#stackTop).findIndex(byte => byte !== 0)
    if (lowest >= 0) this.#stackLowest = Math.min(this.#stackLowest, Math.max(0, lowest - marginBytes))
  }

  /** Runs a private operation and overwrites what it left. */
  private<T>(operation: () => T): T {
    try {
      return operation()
    } finally {
      this.wipe()
    }
  }

  wipe(): void {
    const heap = this.#module.HEAPU8
    for (const { pointer, bytes } of this.#buffers) heap.fill(0, pointer, pointer + bytes)
    heap.fill(0, this.#stackLowest, this.#stackTop)
  }
}
