import { loadBuilt } from './built/load.js'
import { fillRandom } from './entropy/node.js'
import { loadStock } from './liboqs/load.js'
import { type LoadOptions, type PostQuantum, withFallback } from './post-quantum.js'

/** `fast`: our build with SIMD and native doubles (`wasm/build`), the stock build where it cannot run. `stock`: only that one. */
export type Build = 'fast' | 'stock'

const loaders: Readonly<Record<Build, (keepExpandedKeysMs: number) => Promise<PostQuantum>>> = {
  fast: keepExpandedKeysMs => withFallback(() => loadBuilt(fillRandom, keepExpandedKeysMs), loadStock),
  stock: loadStock,
}
const loaded = new Map<string, Promise<PostQuantum>>()

/**
 * ML-KEM-768 and Falcon-512 in WebAssembly, loaded once for a process and equal options. Throws `AlgorithmLoadError`, which says
 * what to do, when the WASM is not the pinned one, the random generator is broken or a known answer does not come out.
 */
export const loadPostQuantum = ({
  build = 'fast',
  keepExpandedKeysMs = 0,
}: LoadOptions & { readonly build?: Build } = {}): Promise<PostQuantum> => {
  const key = `${build} ${keepExpandedKeysMs}`
  const loading = loaded.get(key) ?? loaders[build](keepExpandedKeysMs)
  loaded.set(key, loading)
  return loading
}
