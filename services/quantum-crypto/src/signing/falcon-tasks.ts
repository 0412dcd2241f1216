/** What a worker does. Bytes of keys are transferred, so that each stands in one thread only. */
export type FalconTask =
  | { readonly kind: 'generate' }
  /** Both arrays are the worker's: it wipes them. `secretKey` 1281 bytes. */
  | { readonly kind: 'sign'; readonly secretKey: Uint8Array; readonly message: Uint8Array }
