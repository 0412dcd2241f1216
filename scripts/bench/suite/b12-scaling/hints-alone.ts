import { setTimeout as pause } from 'node:timers/promises'
import { createLog, createMetrics, createRedisBus, newId } from '@qsm/server-kit'
import { startRedis } from '../../../../tests/support/redis.js'
import { cpuOfTree } from '../../processes.js'

const pods = 4
/** CPU is read in ticks of 10 ms: so that one is a tenth of the result or less. */
const seconds = 8
const tickMs = 10
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
 * CPU of Redis in µs for each of `hintsPerSecond` that go from one pod to the one with the socket, with four buses in this
 * process and nothing else: each publishes as often as any other, and to each other as often. Throws when a hint did not come,
 * or came twice or to another pod.
 */
export const hintsAlone = async (hintsPerSecond: number): Promise<number> => {
  const redis = await startRedis()
  const buses = Array.from({ length: pods }, () => startBus(redis.url))
  try {
    const userId = newId()
    const fromOf = (number: number) => number % pods
    const toOf = (number: number) => (fromOf(number) + 1 + (Math.floor(number / pods) % (pods - 1))) % pods
    const heard: Set<number>[] = buses.map(() => new Set())
    let wrong = 0
    for (const [pod, bus] of buses.entries()) {
      bus.subscribe('mailbox', ({ sequence }) => {
        const number = sequence ?? -1
        if ((pod !== fromOf(number) && pod !== toOf(number)) || heard[pod]?.has(number)) wrong += 1
        heard[pod]?.add(number)
      })
    }
    await pause(subscribeMs)
    const perTick = (hintsPerSecond * tickMs) / 1_000
    const count = hintsPerSecond * seconds
    const before = cpuOfTree(redis.pid)
    const begun = performance.now()
    for (let number = 0; number < count; ) {
      for (let at = 0; at < perTick; at += 1, number += 1) {
        const to = buses[toOf(number)]?.podAddress
        buses[fromOf(number)]?.publish({ kind: 'mailbox', user_id: userId, device_id: 1, sequence: number }, to)
      }
      const due = begun + (number / hintsPerSecond) * 1_000
      await pause(Math.max(0, due - performance.now()))
    }
    await pause(drainMs)
    const usedMs = cpuOfTree(redis.pid) - before
    // Each is heard by the pod that it was sent to, and by the one that sent it.
    const arrived = heard.reduce((sum, numbers) => sum + numbers.size, 0)
    if (arrived !== count * 2 || wrong > 0) {
      throw new Error(`of ${count} hints ${arrived - count} arrived, ${wrong} twice or elsewhere`)
    }
    return (usedMs * 1_000) / count
  } finally {
    for (const bus of buses) await bus.close()
    await redis.kill()
  }
}
