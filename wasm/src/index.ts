export { AlgorithmLoadError } from './errors.js'
export { type Build, loadPostQuantum } from './load.js'
export type { AlgorithmReport, PostQuantum } from './post-quantum.js'
