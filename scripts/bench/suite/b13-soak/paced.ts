import { setTimeout as sleep } from 'node:timers/promises'

/** Begins `work` so often a second until `endMs` by `performance.now()`, whether or not earlier ones are done; waits for all. */
export const paced = async (
  perSecond: number,
  endMs: number,
  work: (index: number) => Promise<unknown>,
): Promise<number> => {
  const begunMs = performance.now()
  const running = new Set<Promise<unknown>>()
  let failed: { readonly error: unknown } | null = null
  let index = 0
  while (performance.now() < endMs && !failed) {
    const due = Math.floor(((performance.now() - begunMs) * perSecond) / 1_000)
    for (; index < due; index += 1) {
      const one: Promise<unknown> = work(index)
        .catch((error: unknown) => {
          failed ??= { error }
        })
        .finally(() => running.delete(one))
      running.add(one)
    }
    await sleep(5)
  }
  await Promise.all(running)
  if (failed) throw (failed as { readonly error: unknown }).error
  return index
}
