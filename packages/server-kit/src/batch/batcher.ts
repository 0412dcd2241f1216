/**
 * Who has waited so long when a run fails is told so too. A run takes up to 1.7 s to find that the database is away; to
 * wait for another such run would take longer than the 2 s in which everybody gets an answer.
 */
const maxWaitForNextMs = 250

/**
 * Gathers what is asked for within one turn of the event loop and runs it together; each caller awaits its own result.
 * While `maxInFlight` runs are under way, what comes waits and goes with the next: the busier, the larger the batches.
 * Items of one key are never in two runs at once, so their results come in the order in which they were run.
 */
export const createBatcher = <I, O>(options: {
  readonly maxItems: number
  readonly maxInFlight: number
  readonly keyOf?: (item: I) => string
  /** Whether a run takes at most one item of a key, so that who asks for much does not push others out. */
  readonly onePerKey?: boolean
  /** What an item costs, in the unit of `maxWeight`. 0 where left out. */
  readonly weightOf?: (item: I) => number
  /** The items of a run weigh no more in all; one that is heavier by itself goes alone. */
  readonly maxWeight?: number
  /** Runs begin at least so far apart: what comes alone goes at once, what comes thick goes together. 0 where left out. */
  readonly everyMs?: number
  /** Whether `everyMs` counts only after a run of several items: who asks again and again, but alone, is then never kept waiting. */
  readonly loneAtOnce?: boolean
  readonly run: (items: readonly I[]) => Promise<readonly (O | Error)[]>
}): ((item: I) => Promise<O>) => {
  interface Waiting {
    readonly item: I
    readonly weight: number
    readonly since: number
    readonly resolve: (result: O) => void
    readonly reject: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  const busy = new Set<string>()
  let inFlight = 0
  let scheduled = false
  let lastFlush = Number.NEGATIVE_INFINITY
  let lastItems = 0

  const settle = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const results = await options.run(batch.map(entry => entry.item))
      for (const [index, entry] of batch.entries()) {
        const result = results[index]
        if (result instanceof Error) entry.reject(result)
        else entry.resolve(result as O)
      }
    } catch (error) {
      const longAgo = performance.now() - maxWaitForNextMs
      const failed = [...batch, ...waiting.filter(entry => entry.since < longAgo)]
      waiting = waiting.filter(entry => entry.since >= longAgo)
      for (const entry of failed) entry.reject(error)
    }
  }
  const take = (): readonly Waiting[] => {
    const { keyOf, maxItems, maxWeight = Number.POSITIVE_INFINITY, onePerKey } = options
    const taken = new Set<Waiting>()
    const keys = new Set(busy)
    let weight = 0
    for (const entry of waiting) {
      if (taken.size === maxItems) break
      const key = keyOf?.(entry.item)
      if (key !== undefined && keys.has(key)) continue
      // Nothing passes what does not fit: the order of a key stays, and the heavy get their turn.
      if (taken.size > 0 && weight + entry.weight > maxWeight) break
      if (key !== undefined && onePerKey) keys.add(key)
      taken.add(entry)
      weight += entry.weight
    }
    waiting = waiting.filter(entry => !taken.has(entry))
    return [...taken]
  }
  const flush = () => {
    scheduled = false
    lastFlush = performance.now()
    while (waiting.length > 0 && inFlight < options.maxInFlight) {
      const batch = take()
      if (batch.length === 0) return
      const keys = options.keyOf ? batch.map(entry => options.keyOf?.(entry.item) ?? '') : []
      for (const key of keys) busy.add(key)
      lastItems = batch.length
      inFlight += 1
      void settle(batch).finally(() => {
        for (const key of keys) busy.delete(key)
        inFlight -= 1
        schedule()
      })
    }
  }
  const schedule = () => {
    if (scheduled || waiting.length === 0 || inFlight >= options.maxInFlight) return
    scheduled = true
    const apartMs = options.loneAtOnce && lastItems < 2 ? 0 : (options.everyMs ?? 0)
    const waitMs = lastFlush + apartMs - performance.now()
    if (waitMs > 0) setTimeout(flush, waitMs)
    else setImmediate(flush)
  }

  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ item, weight: options.weightOf?.(item) ?? 0, since: performance.now(), resolve, reject })
      schedule()
    })
}
