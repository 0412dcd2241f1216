import type { Hint, HintKind, HintOf } from '@qsm/contract'

export type HintHandler<K extends HintKind> = (hint: HintOf<K>) => void

/**
 * Carries hints between the parts of one pod and between pods. A hint says that there is something to read; it may be
 * lost, doubled, late or forged without harm. Handlers are called later than `publish`, never within it.
 */
export interface Bus {
  /** Where `podAddress` is given, the hint goes to that pod and this one; else to all that want its user. */
  publish(hint: Hint, podAddress?: string | null): void
  /** Returns the function that ends the subscription. */
  subscribe<K extends HintKind>(kind: K, handler: HintHandler<K>): () => void
  /** From now on this pod is to hear what other pods hint about a user. Returns the function that ends it. */
  want(userId: string): () => void
  /** Of this pod. */
  readonly podAddress: string
  /** Whether hints of other pods come now; `not_configured` where this pod is alone. */
  readonly state: 'ok' | 'unavailable' | 'not_configured'
  close(): Promise<void>
}
