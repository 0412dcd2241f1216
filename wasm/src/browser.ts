import { loadBuilt } from './built/load.js'
import { fillRandom } from './entropy/web.js'
import { loadPostQuantum as loadNoble } from './noble.js'
import { type LoadOptions, type PostQuantum, withFallback } from './post-quantum.js'

export { AlgorithmLoadError } from './errors.js'
export type { AlgorithmReport, PostQuantum } from './post-quantum.js'

const loaded = new Map<number, Promise<PostQuantum>>()

/**
 * ML-KEM-768 and Falcon-512 of the same WebAssembly as in Node, and plain JavaScript where the page or the browser has none
 * (a Content-Security-Policy needs 'wasm-unsafe-eval'). Throws `AlgorithmLoadError`, which says what to do.
 */
export const loadPostQuantum = ({ keepExpandedKeysMs = 0 }: LoadOptions = {}): Promise<PostQuantum> => {
  const loading =
    loaded.get(keepExpandedKeysMs) ?? withFallback(() => loadBuilt(fillRandom, keepExpandedKeysMs), loadNoble)
  loaded.set(keepExpandedKeysMs, loading)
  return loading
}
