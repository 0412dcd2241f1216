/** A map of a bounded size: the entry that was put in first makes room. */
export interface KeptMap<V> {
  get(key: string): V | undefined
  put(key: string, value: V): void
  delete(key: string): void
  deleteWhere(matches: (value: V) => boolean): void
}

export const createKeptMap = <V>(maxEntries: number): KeptMap<V> => {
  const entries = new Map<string, V>()
  return {
    get: key => entries.get(key),
    put(key, value) {
      entries.delete(key)
      if (entries.size >= maxEntries) entries.delete(entries.keys().next().value as string)
      entries.set(key, value)
    },
    delete(key) {
      entries.delete(key)
    },
    deleteWhere(matches) {
      for (const [key, value] of entries) if (matches(value)) entries.delete(key)
    },
  }
}
