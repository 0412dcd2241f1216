export { AlgorithmLoadError } from './errors.js'
export { loadPostQuantum } from './liboqs/load.js'
export type { AlgorithmReport, PostQuantum } from './post-quantum.js'
