export { AlgorithmLoadError, type AlgorithmReport, loadPostQuantum, type PostQuantum } from './noble.js'
