/** Signs that something may be new, for those who wait for it. */
export interface Signs {
  give(): void
  /** The next sign after now; also resolves when the signal comes. Take it before looking, so that none is missed. */
  next(signal?: AbortSignal): Promise<void>
}

export const createSigns = (): Signs => {
  const waiting = new Set<() => void>()
  return {
    give() {
      for (const wake of [...waiting]) wake()
    },
    next: signal =>
      new Promise(resolve => {
        const wake = () => {
          waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        if (signal?.aborted) return resolve()
        waiting.add(wake)
        signal?.addEventListener('abort', wake)
      }),
  }
}
