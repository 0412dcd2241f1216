/** Signs that something may be new, for those who wait for it. */
export interface Signs {
  give(): void
  /** How many were given. Take it before looking, so that none is missed. */
  count(): number
  /** Resolves once more than `seen` were given, at once where they were; also when the signal comes. */
  after(seen: number, signal?: AbortSignal): Promise<void>
}

export const createSigns = (): Signs => {
  const waiting = new Set<() => void>()
  let given = 0
  return {
    give() {
      given += 1
      for (const wake of [...waiting]) wake()
    },
    count: () => given,
    after: (seen, signal) =>
      new Promise(resolve => {
        const wake = () => {
          waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        if (given > seen || signal?.aborted) return resolve()
        waiting.add(wake)
        signal?.addEventListener('abort', wake)
      }),
  }
}
