/** What one exclusive piece of work may do. Its changes are kept together when it ends, or not at all. */
export interface StoreTransaction {
  /** A copy of a value, or null. */
  get(key: string): Promise<Uint8Array | null>
  /** The keys that begin with `prefix`, ascending. */
  keys(prefix: string): Promise<readonly string[]>
  /** The same with their values. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: Uint8Array])[]>
  /** Takes `value` over: its bytes are overwritten when the work ends. */
  put(key: string, value: Uint8Array): void
  delete(key: string): void
}

/**
 * Where a client keeps its state, private keys among it. Keys are printable ASCII, values bytes that no other program may
 * read. There is one writer at a time over all processes or tabs that share a store: each piece of work reads what the one
 * before has kept, so that a ratchet never forks.
 */
export interface Store {
  /**
   * Runs alone; keeps all changes durably before it resolves, none when `work` throws. Not to be called from within
   * another one, which would wait for itself.
   */
  exclusive<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>
  /**
   * Runs while nobody else holds this name, without keeping others from `exclusive`; for what takes long, such as a
   * socket. With `wait: false` throws `store_in_use` where somebody holds it; the signal ends the waiting with `closed`.
   */
  alone<T>(name: string, work: () => Promise<T>, options?: AloneOptions): Promise<T>
  /** Gives back what the adapter holds open. The values stay, and the next piece of work opens it again. */
  close(): Promise<void>
}

export interface AloneOptions {
  readonly wait?: boolean
  readonly signal?: AbortSignal
}

/** What a transaction leaves behind; `null` deletes. */
export type StoreChanges = ReadonlyMap<string, Uint8Array | null>

/** The reads that an adapter offers below its transactions. */
export interface StoredValues {
  get(key: string): Promise<Uint8Array | null>
  keys(prefix: string): Promise<readonly string[]>
}

/** A transaction over stored values, for adapters: gathers what is to be written. */
export const openTransaction = (
  base: StoredValues,
): { readonly transaction: StoreTransaction; readonly changes: StoreChanges } => {
  const changes = new Map<string, Uint8Array | null>()
  const get = async (key: string): Promise<Uint8Array | null> => {
    const changed = changes.get(key)
    return changed === undefined ? base.get(key) : (changed?.slice() ?? null)
  }
  const keys = async (prefix: string): Promise<readonly string[]> => {
    const found = new Set(await base.keys(prefix))
    for (const [key, value] of changes) {
      if (!key.startsWith(prefix)) continue
      if (value === null) found.delete(key)
      else found.add(key)
    }
    return [...found].sort()
  }
  const list = async (prefix: string) => {
    const values: (readonly [string, Uint8Array])[] = []
    for (const key of await keys(prefix)) {
      const value = await get(key)
      if (value) values.push([key, value])
    }
    return values
  }
  const replace = (key: string, value: Uint8Array | null) => {
    const before = changes.get(key)
    if (before !== value) before?.fill(0)
    changes.set(key, value)
  }
  const transaction: StoreTransaction = {
    get,
    keys,
    list,
    put: (key, value) => replace(key, value),
    delete: key => replace(key, null),
  }
  return { transaction, changes }
}

/** Overwrites the values that a transaction took over, once they are kept or dropped. */
export const wipeChanges = (changes: StoreChanges): void => {
  for (const value of changes.values()) value?.fill(0)
}
