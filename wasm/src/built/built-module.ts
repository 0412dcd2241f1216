import { AlteredModuleError } from '../errors.js'

/** A module of `wasm/build` as the generated files hold it. */
export interface BuiltWasm {
  readonly base64: string
  /** Of the bytes, in hex. */
  readonly sha256: string
}

/** What the code around a module knows of it: bytes of each place by its exported name, and the functions. */
interface Interface<Place extends string, Name extends string> {
  readonly algorithm: string
  readonly wasm: BuiltWasm
  readonly places: Readonly<Record<Place, number>>
  readonly functions: readonly Name[]
}

/** A module that runs. It imports nothing, so it reaches nothing but its memory, which never grows. */
export interface BuiltModule<Place extends string, Name extends string> {
  readonly memory: WebAssembly.Memory
  /** Views of the places, for reading and writing. */
  readonly at: Readonly<Record<Place, Uint8Array>>
  readonly call: Readonly<Record<Name, (...numbers: number[]) => number>>
  /** Runs an operation on secrets. Whether it returns or throws, places, working memory and stack are cleared afterwards. */
  privately<T>(operation: () => T): T
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(globalThis.atob(text), character => character.charCodeAt(0))

const toHex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), byte => byte.toString(16).padStart(2, '0')).join('')

/** The bytes that were hashed. Throws `AlteredModuleError` unless they are those that the build made. */
const pinnedBytes = async (algorithm: string, { base64, sha256 }: BuiltWasm): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = fromBase64(base64)
  const found = toHex(await globalThis.crypto.subtle.digest('SHA-256', bytes))
  if (found === sha256) return bytes
  throw new AlteredModuleError(
    `The WASM of ${algorithm} is not the one that was built and tested: its SHA-256 is ${found}, not ${sha256}. ` +
      'Stop the program and install QSM again.',
  )
}

/**
 * Checks, compiles and starts one module. Throws `AlteredModuleError` for other bytes, and `WebAssembly.CompileError` where
 * the engine has no SIMD or a page forbids WebAssembly.
 */
export const startModule = async <Place extends string, Name extends string>({
  algorithm,
  wasm,
  places,
  functions,
}: Interface<Place, Name>): Promise<BuiltModule<Place, Name>> => {
  const { instance } = await WebAssembly.instantiate(await pinnedBytes(algorithm, wasm), {})
  const exported = instance.exports as Record<string, unknown>
  const memory = exported.memory as WebAssembly.Memory
  const stackPointer = exported.__stack_pointer as WebAssembly.Global<'i32'>
  const stackTop = stackPointer.value
  const wipe = exported.wipe as () => void
  ;(exported.initialise as (() => void) | undefined)?.()

  const view = (place: Place) =>
    new Uint8Array(memory.buffer, (exported[place] as WebAssembly.Global<'i32'>).value, places[place])
  const names = Object.keys(places) as Place[]
  return Object.freeze({
    memory,
    at: Object.fromEntries(names.map(place => [place, view(place)])) as Record<Place, Uint8Array>,
    call: Object.fromEntries(functions.map(name => [name, exported[name]])) as BuiltModule<Place, Name>['call'],
    privately<T>(operation: () => T): T {
      try {
        return operation()
      } finally {
        // After a trap the pointer stands where the module fell.
        stackPointer.value = stackTop
        wipe()
      }
    },
  })
}
