/** The WASM modules of `@oqs/liboqs-js` 0.15.1 that may run: length and SHA-256 of the bytes that are instantiated. */
export interface PinnedModule {
  readonly algorithm: 'ML-KEM-768' | 'Falcon-512'
  /** The file of the package that carries the bytes. */
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

export const libraryName = '@oqs/liboqs-js'
export const libraryVersion = '0.15.1'

export const pinnedModules = Object.freeze({
  kem: Object.freeze({
    algorithm: 'ML-KEM-768',
    file: 'ml-kem-768.min.js',
    bytes: 43_126,
    sha256: '071efdc572120e80595084697db9b8b91d628f9a961596154104f1f68be600ec',
  }),
  signer: Object.freeze({
    algorithm: 'Falcon-512',
    file: 'falcon-512.min.js',
    bytes: 108_535,
    sha256: 'd11bd5d364272fa06af5cc7d5f54735ab2193c80683d477cf01dd6572c7b3b64',
  }),
} as const satisfies Record<string, PinnedModule>)
