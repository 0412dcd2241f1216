import { fillRandom } from '../entropy/node.js'
import type { PinnedModule, SharedExport } from './pinned-modules.js'
import { readPinnedWasm } from './read-wasm.js'

type WasmFunction = (...numbers: number[]) => number

export interface LiboqsModule<Name extends string = never> {
  readonly memory: WebAssembly.Memory
  readonly call: Readonly<Record<Name | SharedExport, WasmFunction>>
}

/** What the module asks of its host, under the names that the minifier gave: these four functions and nothing else. */
const hostFunctions = (memory: () => WebAssembly.Memory) => ({
  /** exit: the library gives up, as when it finds no randomness. */
  a: (status: number) => {
    throw new Error(`liboqs gave up with status ${status}`)
  },
  /** fd_write: a complaint before it gives up; `exit` then says so. All bytes count as written. */
  b: (_file: number, vectors: number, count: number, written: number) => {
    const view = new DataView(memory().buffer)
    let total = 0
    for (let index = 0; index < count; index += 1) total += view.getUint32(vectors + 8 * index + 4, true)
    view.setUint32(written, total, true)
    return 0
  },
  /** getentropy */
  c: (target: number, bytes: number) => {
    fillRandom(new Uint8Array(memory().buffer, target, bytes))
    return 0
  },
  /** emscripten_resize_heap: never granted. All room is reserved when the module is loaded. */
  d: () => 0,
})

/** Reads, checks, compiles and initialises one module. Throws `AlgorithmLoadError` unless its bytes are the pinned ones. */
export const instantiate = async <Name extends string>(pinned: PinnedModule<Name>): Promise<LiboqsModule<Name>> => {
  const compiled = await WebAssembly.compile(await readPinnedWasm(pinned))
  let memory: WebAssembly.Memory
  const { exports } = await WebAssembly.instantiate(compiled, { a: hostFunctions(() => memory) })
  memory = exports[pinned.memory] as WebAssembly.Memory
  const names = Object.entries<string>(pinned.exports)
  const call = Object.fromEntries(
    names.map(([name, minified]) => [name, exports[minified]]),
  ) as LiboqsModule<Name>['call']
  call.initialise()
  call.libraryInit()
  return { memory, call }
}
