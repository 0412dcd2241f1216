/** Both arrays are the worker's: it wipes them. `secretKey` 1281 bytes. */
export interface SignItem {
  readonly secretKey: Uint8Array
  readonly message: Uint8Array
}

/**
 * What a worker does. Bytes of keys are transferred, so that each stands in one thread only. Several signatures go together,
 * since the way to a worker and back costs about as much as one.
 */
export type FalconTask = { readonly kind: 'generate' } | { readonly kind: 'sign'; readonly items: readonly SignItem[] }

/** A new pair of 897 ‖ 1281 bytes; for each item a signature of 666 bytes, or why there is none. */
export type FalconResult<T extends FalconTask> = T extends { readonly kind: 'sign' }
  ? readonly (Uint8Array | Error)[]
  : Uint8Array
