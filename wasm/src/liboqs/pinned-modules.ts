export const libraryName = '@oqs/liboqs-js'
export const libraryVersion = '0.15.1'

/** A WASM module that may run. Whoever changes the version renews this table; a test holds it against the package. */
export interface PinnedModule<Name extends string = string> {
  readonly algorithm: string
  /** The script in the package's `dist` that carries the bytes. */
  readonly file: string
  /** Of the bytes that are compiled, in hex. */
  readonly sha256: string
  /** What the minifier calls the memory and the functions in just these bytes. */
  readonly memory: string
  readonly exports: Readonly<Record<Name | SharedExport, string>>
}

export type SharedExport = 'initialise' | 'libraryInit' | 'malloc' | 'stackRestore' | 'stackPointer'
export type KemExport = 'create' | 'keypair' | 'encapsulate' | 'decapsulate'
export type SignerExport = 'create' | 'keypair' | 'sign' | 'verify'

export const kemModule: PinnedModule<KemExport> = Object.freeze({
  algorithm: 'ML-KEM-768',
  file: 'ml-kem-768.min.js',
  sha256: '071efdc572120e80595084697db9b8b91d628f9a961596154104f1f68be600ec',
  memory: 'e',
  exports: Object.freeze({
    initialise: 'f',
    create: 'g',
    keypair: 'h',
    encapsulate: 'i',
    decapsulate: 'j',
    libraryInit: 'l',
    malloc: 'r',
    stackRestore: 's',
    stackPointer: 'u',
  }),
})

export const signerModule: PinnedModule<SignerExport> = Object.freeze({
  algorithm: 'Falcon-512',
  file: 'falcon-512.min.js',
  sha256: 'd11bd5d364272fa06af5cc7d5f54735ab2193c80683d477cf01dd6572c7b3b64',
  memory: 'e',
  exports: Object.freeze({
    initialise: 'f',
    create: 'g',
    keypair: 'h',
    sign: 'i',
    verify: 'j',
    libraryInit: 'l',
    malloc: 's',
    stackRestore: 't',
    stackPointer: 'v',
  }),
})
