import type { Hint, HintKind } from '@qsm/contract'
import type { HintHandler } from './bus.js'

/** The subscriptions of one pod. */
export class HandOut {
  readonly #handlers = new Map<HintKind, Set<HintHandler<HintKind>>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  subscribe<K extends HintKind>(kind: K, handler: HintHandler<K>): () => void {
    const set = this.#handlers.get(kind) ?? new Set()
    this.#handlers.set(kind, set)
    set.add(handler as unknown as HintHandler<HintKind>)
    return () => {
      set.delete(handler as unknown as HintHandler<HintKind>)
    }
  }

  /** Calls every handler of each hint; one that fails keeps nothing from the others. */
  give(hints: readonly Hint[]): void {
    for (const hint of hints) {
      for (const handler of [...(this.#handlers.get(hint.kind) ?? [])]) {
        try {
          handler(hint as never)
        } catch (error) {
          this.#onError(error)
        }
      }
    }
  }

  clear(): void {
    this.#handlers.clear()
  }
}
