import { createBatcher } from './batcher.js'

const maxTogether = 256
/** More would find fewer at a time; with one alone a slow connection would hold up all. */
const maxInFlight = 2

/**
 * A look at something in the database by its key: those that are asked for in one turn of the event loop share `find`, and each
 * key is looked for once. Null where `find` gives nothing for a key.
 */
export const createLookup = <T>(
  find: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): ((key: string) => Promise<T | null>) =>
  createBatcher<string, T | null>({
    maxItems: maxTogether,
    maxInFlight,
    async run(keys) {
      const found = await find([...new Set(keys)])
      return keys.map(key => found.get(key) ?? null)
    },
  })
