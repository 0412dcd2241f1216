/** What was found when the algorithms were loaded; shown by `doctor` and by the quantum service. */
export interface AlgorithmReport {
  readonly library: string
  readonly version: string
  /** The library calls itself unaudited and meant for research. */
  readonly audited: false
  readonly algorithms: readonly {
    readonly name: string
    readonly kind: 'kem' | 'signature'
    readonly sizes: Readonly<Record<string, number>>
    /** SHA-256 of the WASM that runs, hex; null for a provider without WASM. */
    readonly wasmSha256: string | null
  }[]
  readonly selfTest: { readonly passed: boolean; readonly checks: readonly { readonly name: string; readonly passed: boolean }[] }
  readonly loadMs: number
}
