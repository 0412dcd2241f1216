import type { LiboqsModule } from './instantiate.js'

const pageBytes = 65_536
/** The library's stack: 8 MiB below the stack pointer that stands at rest; static data lies below it, the heap above. */
const stackBytes = 8_388_608
/** More than any operation uses of it (Falcon signing: 42 KiB); a test watches. */
const usedStackBytes = 65_536
/** More than any operation allocates for itself (Keccak states: 2 KiB); a test watches. */
const transientHeapBytes = 16_384

const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16

/** Fixed places in the memory of one module, and the means to leave nothing there. */
export interface ModuleMemory<Name extends string> {
  /** Addresses. */
  readonly at: Readonly<Record<Name, number>>
  write(address: number, bytes: Uint8Array): void
  /** A copy. */
  read(address: number, bytes: number): Uint8Array
  readU32(address: number): number
  /** Compares without an early end. */
  equal(one: number, other: number, bytes: number): boolean
  /** Lays a message down and wipes it afterwards. */
  withMessage<T>(message: Uint8Array, use: (address: number) => T): T
  /**
   * Runs an operation on secrets. Whether it returns or throws, the memory is afterwards byte for byte as it was before:
   * places, static data, the heap with the Keccak states that the library frees without wiping, and the stack, on which
   * Falcon leaves its whole private basis.
   */
  privately<T>(operation: () => T): T
}

/** Writes `text` for the library, which keeps no pointer to it, and calls with its address. */
export const withCString = (module: LiboqsModule, text: string, use: (address: number) => number): number => {
  const bytes = new TextEncoder().encode(`${text}\0`)
  const address = module.call.malloc(bytes.length)
  new Uint8Array(module.memory.buffer).set(bytes, address)
  return use(address)
}

/**
 * Reserves room for buffers of `sizes` bytes and one message of at most `maxMessage` bytes. Must come after every other
 * lasting allocation: what is allocated later is undone by `privately`.
 */
export const reserveMemory = <Name extends string>(
  { memory, call }: LiboqsModule,
  sizes: Readonly<Record<Name, number>>,
  maxMessage = 0,
): ModuleMemory<Name> => {
  const names = Object.keys(sizes) as Name[]
  const buffersBytes = names.reduce((sum, name) => sum + aligned(sizes[name]), 0)
  memory.grow(Math.ceil((buffersBytes + maxMessage + transientHeapBytes) / pageBytes))
  const start = call.malloc(buffersBytes + aligned(maxMessage))
  const message = start + buffersBytes
  const end = message + aligned(maxMessage)
  const stackTop = call.stackPointer()
  const bytes = new Uint8Array(memory.buffer)

  const at = {} as Record<Name, number>
  let next = start
  for (const name of names) {
    at[name] = next
    next += aligned(sizes[name])
  }

  bytes.fill(0, start, end)
  const staticData = bytes.slice(0, stackTop - stackBytes)
  const heapBelow = bytes.slice(stackTop, start)
  const heapAbove = bytes.slice(end, end + transientHeapBytes)
  const rewind = (): void => {
    call.stackRestore(stackTop)
    bytes.set(staticData, 0)
    bytes.fill(0, stackTop - usedStackBytes, stackTop)
    bytes.set(heapBelow, stackTop)
    bytes.fill(0, start, message)
    bytes.set(heapAbove, end)
  }
  rewind()

  return Object.freeze({
    at,
    write: (address, source) => bytes.set(source, address),
    read: (address, length) => bytes.slice(address, address + length),
    readU32: address => new DataView(memory.buffer).getUint32(address, true),
    equal(one, other, length) {
      let difference = 0
      for (let index = 0; index < length; index += 1) {
        difference |= (bytes[one + index] as number) ^ (bytes[other + index] as number)
      }
      return difference === 0
    },
    withMessage(source, use) {
      bytes.set(source, message)
      try {
        return use(message)
      } finally {
        bytes.fill(0, message, message + source.length)
      }
    },
    privately(operation) {
      try {
        return operation()
      } finally {
        rewind()
      }
    },
  } satisfies ModuleMemory<Name>)
}
