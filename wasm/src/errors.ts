/** The algorithms may not be used: what is wrong with the module, and what to do. */
export class AlgorithmLoadError extends Error {
  override readonly name = 'AlgorithmLoadError'
}

/** The bytes of a module are not those that were tested. No other build takes its place: somebody should look first. */
export class AlteredModuleError extends AlgorithmLoadError {}
