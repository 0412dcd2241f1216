export { AlgorithmLoadError } from './errors.js'
export { loadPostQuantum, type PostQuantum } from './liboqs.js'
export type { AlgorithmReport } from './report.js'
