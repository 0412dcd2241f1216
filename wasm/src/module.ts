import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AlgorithmLoadError } from './errors.js'
import { libraryName, type PinnedModule } from './pinned-modules.js'

/** What an Emscripten module of the library offers; pointers are addresses in its memory. */
export interface LiboqsModule {
  HEAPU8: Uint8Array
  _malloc(bytes: number): number
  _free(pointer: number): void
  _OQS_init(): void
  lengthBytesUTF8(text: string): number
  stringToUTF8(text: string, pointer: number, maxBytes: number): void
}

type Factory = () => Promise<LiboqsModule>

/** Where the library is installed. It exports no path that `require.resolve` would follow, so the folders are tried. */
const folder = (): string => {
  const candidates = (createRequire(import.meta.url).resolve.paths(libraryName) ?? []).map(path => join(path, libraryName, 'dist'))
  const found = candidates.find(path => existsSync(path))
  if (found === undefined) throw new AlgorithmLoadError(`${libraryName} is not installed. Install with npm ci.`)
  return found
}

/** The library carries the WASM as text within its script; this looks at the very bytes that are instantiated. */
const withCheckedBytes = async <T>(pinned: PinnedModule, load: () => Promise<T>): Promise<T> => {
  const { instantiate } = WebAssembly
  let checked = false
  const checking = (source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports) => {
    if (source instanceof WebAssembly.Module) return instantiate(source, imports)
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    if (bytes.length === pinned.bytes) {
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      checked = sha256 === pinned.sha256
    }
    if (!checked) {
      throw new AlgorithmLoadError(
        `The WASM of ${pinned.algorithm} is not the one that was tested (its SHA-256 differs). Install again with npm ci.`,
      )
    }
    return instantiate(source, imports)
  }
  WebAssembly.instantiate = checking as typeof WebAssembly.instantiate
  try {
    const result = await load()
    if (!checked) throw new AlgorithmLoadError(`The bytes of ${pinned.algorithm} could not be checked. Install again with npm ci.`)
    return result
  } finally {
    WebAssembly.instantiate = instantiate
  }
}

/** Loads one module of the library and initialises it. Throws `AlgorithmLoadError` unless its bytes are the pinned ones. */
export const loadModule = async <M extends LiboqsModule>(pinned: PinnedModule, from: string = folder()): Promise<M> => {
  const { default: factory } = (await import(pathToFileURL(join(from, pinned.file)).href)) as { default: Factory }
  const module = await withCheckedBytes(pinned, factory)
  module._OQS_init()
  return module as M
}

/** Calls with a pointer to the C string `text`, which is freed after. */
export const withCString = (module: LiboqsModule, text: string, use: (pointer: number) => number): number => {
  const bytes = module.lengthBytesUTF8(text) + 1
  const pointer = module._malloc(bytes)
  try {
    module.stringToUTF8(text, pointer, bytes)
    return use(pointer)
  } finally {
    module._free(pointer)
  }
}
