import type { Clock } from '../clock.js'
import type { Logger } from '../log.js'
import { delayMs, type FailureWaits, forgetAfterMs } from './failure-waits.js'
import type { LimitKeys } from './limit-keys.js'
import type { LimitStore } from './limit-store.js'
import { createMemoryFailureWaits } from './memory-failure-waits.js'

/** Of the free failures a pod alone gives half, as it does of all allowances. */
const shareAlone = 0.5

const sinceLast = (leftMs: number): number => forgetAfterMs - leftMs

/**
 * Failures that all pods count together. The key holds their number and lives for half an hour from the last one on, so
 * that its life tells when that was, by one clock. Each pod counts besides what it has seen itself: that holds, and
 * stricter, while the store is away.
 */
export const createRedisFailureWaits =
  (
    { store, keys, log }: { readonly store: LimitStore; readonly keys: LimitKeys; readonly log: Logger },
    clock: Clock,
  ): FailureWaits =>
  ({ name, freeFailures }) => {
    const alone = createMemoryFailureWaits(clock)({ name, freeFailures: Math.floor(freeFailures * shareAlone) })
    const waitOf = (count: number, leftMs: number): number =>
      count <= 0 || leftMs < 0 ? 0 : delayMs(count, freeFailures) - sinceLast(leftMs)
    const logged = (error: unknown) => log.debug({ err: error }, 'a failure was not counted or forgotten in Redis')
    const orAlone = async <T>(together: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> => {
      try {
        return await together()
      } catch (error) {
        logged(error)
        return otherwise()
      }
    }

    return {
      waitMs: whom =>
        orAlone(
          async () => {
            const key = keys(name, whom)
            const [count, leftMs] = await store.run(transaction => transaction.get(key).pttl(key))
            return waitOf(Number(count ?? 0), Number(leftMs))
          },
          () => alone.waitMs(whom),
        ),
      add: whom =>
        orAlone(
          async () => {
            const key = keys(name, whom)
            const [leftMs, counted] = await store.run(transaction =>
              transaction.pttl(key).incrby(key, 1).pexpire(key, forgetAfterMs),
            )
            const leftBeforeMs = Number(leftMs)
            const uncount = async () => {
              const [, now] = await store.run(transaction =>
                transaction.set(key, 0, 'PX', forgetAfterMs, 'NX').incrby(key, -1),
              )
              // Nobody came in between: the last failure is the one before.
              if (Number(now) !== Number(counted) - 1) return
              await store.run(transaction =>
                leftBeforeMs > 0 ? transaction.pexpire(key, leftBeforeMs) : transaction.del(key),
              )
            }
            const waitMs = waitOf(Number(counted) - 1, leftBeforeMs)
            if (waitMs > 0) {
              await uncount()
              return { waitMs, takeBack: async () => {} }
            }
            const own = await alone.add(whom)
            return {
              waitMs: 0,
              async takeBack() {
                await own.takeBack()
                await uncount().catch(logged)
              },
            }
          },
          () => alone.add(whom),
        ),
      async forget(whom) {
        await alone.forget(whom)
        await store.run(transaction => transaction.del(keys(name, whom))).catch(logged)
      },
    }
  }
