import type { Hint, HintKind, HintOf } from '@qsm/contract'

export type HintHandler<K extends HintKind> = (hint: HintOf<K>) => void

/**
 * Carries hints between the parts of one pod and between pods. A hint says that there is something to read; it may be
 * lost, doubled, late or forged without harm. Handlers are called later than `publish`, never within it.
 */
export interface Bus {
  publish(hint: Hint): void
  /** Returns the function that ends the subscription. */
  subscribe<K extends HintKind>(kind: K, handler: HintHandler<K>): () => void
  close(): Promise<void>
}
