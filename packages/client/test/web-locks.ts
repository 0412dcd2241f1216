import { createNamedTurns, type WebLocks } from '@qsm/client'

/**
 * Stands in for the Web Locks of a browser (https://w3c.github.io/web-locks/), as far as a store asks for them: exclusive
 * locks, with `ifAvailable` or a signal.
 */
export const standInLocks = (): WebLocks => {
  const turns = createNamedTurns()
  const held = new Set<string>()
  const request = async (
    name: string,
    { ifAvailable = false, signal }: LockOptions,
    granted: (lock: Lock | null) => unknown,
  ): Promise<unknown> => {
    if (ifAvailable && held.has(name)) return granted(null)
    return turns(
      name,
      async () => {
        held.add(name)
        try {
          return await granted({ name, mode: 'exclusive' })
        } finally {
          held.delete(name)
        }
      },
      signal ? { signal } : {},
    ).catch((error: unknown) => {
      throw signal?.aborted && (error as { code?: string }).code === 'closed' ? signal.reason : error
    })
  }
  return { request: request as WebLocks['request'] }
}
