interface Entry {
  readonly key: Uint8Array
  readonly until: number
}

/** Opened data keys in memory. */
export interface DataKeyCache {
  /** A copy, the caller's to wipe. */
  get(name: string): Uint8Array | null
  /** Keeps a copy. */
  set(name: string, key: Uint8Array): void
  /** Wipes all; nothing is kept from then on. */
  close(): void
}

/** Keeps at most `maxEntries` for `lifeMs` each, however often they are asked for; the oldest goes first, wiped. */
export const createDataKeyCache = (options: { readonly maxEntries: number; readonly lifeMs: number }): DataKeyCache => {
  // All live equally long, so that the first is the next to go.
  const entries = new Map<string, Entry>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const drop = (name: string): void => {
    entries.get(name)?.key.fill(0)
    entries.delete(name)
  }
  const sweep = (): void => {
    timer = undefined
    for (const [name, { until }] of entries) {
      const left = until - performance.now()
      if (left > 0) {
        timer = setTimeout(sweep, left).unref()
        return
      }
      drop(name)
    }
  }
  return {
    get(name) {
      const entry = entries.get(name)
      return entry && entry.until > performance.now() ? entry.key.slice() : null
    },
    set(name, key) {
      if (closed) return
      drop(name)
      for (const oldest of entries.keys()) {
        if (entries.size < options.maxEntries) break
        drop(oldest)
      }
      entries.set(name, { key: key.slice(), until: performance.now() + options.lifeMs })
      timer ??= setTimeout(sweep, options.lifeMs).unref()
    },
    close() {
      closed = true
      clearTimeout(timer)
      for (const name of entries.keys()) drop(name)
    },
  }
}
