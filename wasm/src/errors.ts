/** The algorithms may not be used: what is wrong with the module, and what to do. */
export class AlgorithmLoadError extends Error {
  override readonly name = 'AlgorithmLoadError'
}
