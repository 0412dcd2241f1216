export { AlgorithmLoadError } from './errors.js'
export { loadPostQuantum, type PostQuantum } from './noble.js'
export type { AlgorithmReport } from './report.js'
