import { setTimeout as pause } from 'node:timers/promises'
import { createLog, createMetrics, createRedisBus, newId } from '@qsm/server-kit'
import { startRedis } from '../../../../tests/support/redis.js'
import { cpuOfTree } from '../../processes.js'

const pods = 4
/** CPU is read in ticks of 10 ms: so that one is a tenth of the result or less. */
const seconds = 8
const tickMs = 10
export const hintsPerSecond = 10_000
/** A bus of a pod that was just started subscribes first. */
const subscribeMs = 1_000
/** What was published last is on its way for some milliseconds. */
const drainMs = 500

const startBus = (url: string) => {
  const log = createLog({ level: 'warn', service: 'bench' })
  const onError = (error: unknown) => log.error({ err: error }, 'a hint was not handled')
  return createRedisBus({
    url,
    sentinels: [],
    sentinelName: '',
    cluster: false,
    log,
    metrics: createMetrics(),
    onError,
  })
}

/**
 * CPU of Redis in µs for a hint that goes from one pod to the one with the socket, with four buses in this process and nothing
 * else: each publishes as often as any other, and to each other as often. Throws when a hint did not come, or came twice or to
 * another pod.
 */
export const hintsAlone = async (): Promise<number> => {
  const redis = await startRedis()
  const buses = Array.from({ length: pods }, () => startBus(redis.url))
  try {
    const userId = newId()
    const heard: Set<number>[] = buses.map(() => new Set())
    let doubled = 0
    for (const [pod, bus] of buses.entries()) {
      bus.subscribe('mailbox', ({ sequence }) => {
        if (heard[pod]?.has(sequence ?? 0)) doubled += 1
        heard[pod]?.add(sequence ?? 0)
      })
    }
    await pause(subscribeMs)
    const perTick = (hintsPerSecond * tickMs) / 1_000
    const count = hintsPerSecond * seconds
    const before = cpuOfTree(redis.pid)
    const begun = performance.now()
    for (let number = 0; number < count; ) {
      for (let at = 0; at < perTick; at += 1, number += 1) {
        const from = number % pods
        const to = (from + 1 + (Math.floor(number / pods) % (pods - 1))) % pods
        buses[from]?.publish(
          { kind: 'mailbox', user_id: userId, device_id: 1, sequence: number },
          buses[to]?.podAddress,
        )
      }
      const due = begun + (number / hintsPerSecond) * 1_000
      await pause(Math.max(0, due - performance.now()))
    }
    await pause(drainMs)
    const usedMs = cpuOfTree(redis.pid) - before
    // Each is heard by the pod that it was sent to, and by the one that sent it.
    const arrived = heard.reduce((sum, numbers) => sum + numbers.size, 0)
    if (arrived !== count * 2 || doubled > 0)
      throw new Error(`of ${count} hints ${arrived - count} arrived, ${doubled} twice`)
    return (usedMs * 1_000) / count
  } finally {
    for (const bus of buses) await bus.close()
    await redis.kill()
  }
}
