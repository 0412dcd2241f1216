/** What one exclusive piece of work may do. Changes are kept together when it ends, or not at all. */
export interface StoreTransaction {
  get(key: string): Promise<Uint8Array | null>
  /** Keys that begin with `prefix`, ascending, with their values. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: Uint8Array])[]>
  put(key: string, value: Uint8Array): void
  delete(key: string): void
}

/**
 * Where a client keeps its state, private keys among it. There is one writer at a time, over all processes or tabs that
 * share the store: each piece of work reads what the one before has kept, so that a ratchet never forks.
 */
export interface Store {
  /** Runs alone; keeps all changes durably before it resolves, none when `work` throws. */
  exclusive<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Changes of one transaction over what is stored; `null` deletes. */
export class Changes {
  readonly map = new Map<string, Uint8Array | null>()

  put(key: string, value: Uint8Array): void {
    this.map.set(key, value)
  }

  delete(key: string): void {
    this.map.set(key, null)
  }
}

/** Runs one after the other. */
export const createQueue = () => {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work)
    last = result.catch(() => {})
    return result
  }
}

/** Reads through the changes of a transaction. */
export const overlay = (
  changes: Changes,
  base: { get(key: string): Promise<Uint8Array | null>; list(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]> },
): StoreTransaction => ({
  async get(key) {
    const changed = changes.map.get(key)
    return changed === undefined ? base.get(key) : changed
  },
  async list(prefix) {
    const found = new Map(await base.list(prefix))
    for (const [key, value] of changes.map) {
      if (!key.startsWith(prefix)) continue
      if (value === null) found.delete(key)
      else found.set(key, value)
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  },
  put: (key, value) => changes.put(key, value),
  delete: key => changes.delete(key),
})
