import type { Assumptions } from './assumptions.js'
import { type Demand, demandOf, type Load, meanLoad, type Part, parts, scaled } from './demand.js'
import type { Measured } from './measured.js'
import { wait99 } from './queue.js'
import { type Size, threadsOf } from './size.js'

export const minutesOfDay = 1_440
const peakMinute = 20 * 60
export const lossMinute = peakMinute
export const lossMinutes = 60
/** Of the mean, in the middle of the night. */
const lowest = 0.2

const shapeOf = (power: number, peak: number) => (minute: number) => {
  const wave = (1 + Math.cos((2 * Math.PI * (minute - peakMinute)) / minutesOfDay)) / 2
  return lowest + (peak - lowest) * wave ** power
}

/** How much is asked for at each minute, over the mean of the day: one wave with its peak at 20 o'clock. */
export const dayShape = (peak: number): readonly number[] => {
  const minutes = Array.from({ length: minutesOfDay }, (_, minute) => minute)
  const meanOf = (power: number) =>
    minutes.map(shapeOf(power, peak)).reduce((sum, value) => sum + value, 0) / minutesOfDay
  let [low, high] = [0.01, 50]
  while (high - low > 1e-6) {
    const middle = (low + high) / 2
    if (meanOf(middle) > 1) low = middle
    else high = middle
  }
  return minutes.map(shapeOf(low, peak))
}

export interface Minute {
  /** Share of the time that each part is busy; over 1 where it gets more than it can do. */
  readonly busy: Demand
  /** Of one hundred pieces of work, how long the slowest waits, in ms: M/M/c, and what is left over from before. */
  readonly wait99Ms: Demand
}

/** Mean CPU of a piece of work of each part, in ms. */
const workMs = (measured: Measured): Demand => ({
  message: measured.cpuUs.send.podUs / 1e3,
  auth: measured.cpuUs.login.podUs / 1e3,
  quantum: measured.cpuUs.thinSend.podUs / 1e3,
  redis: measured.cpuUs.send.redisUs / 1e3,
  postgres: measured.cpuUs.send.postgresUs / 1e3,
})

const perPart = (value: (part: Part) => number): Demand =>
  Object.fromEntries(parts.map(part => [part, value(part)])) as Demand

/**
 * A day by the minute. With `zoneLost`, from the peak on for an hour one zone is gone: its pods stop and their sockets come back to
 * the others. Redis and PostgreSQL have replicas elsewhere, so all of them stays.
 */
export const simulateDay = (
  given: Assumptions,
  measured: Measured,
  size: Size,
  zoneLost: boolean,
): readonly Minute[] => {
  const mean = meanLoad(given)
  const work = workMs(measured)
  const shape = dayShape(given.peakFactor)
  /** Core seconds that wait in each part. */
  let waiting = perPart(() => 0)
  return shape.map((factor, minute) => {
    const sinceLoss = minute - lossMinute
    const isLost = zoneLost && sinceLoss >= 0 && sinceLoss < lossMinutes
    const still = (at: number) => Math.exp((-at * 60) / given.reconnectSeconds)
    const before = scaled(mean, factor)
    const opened = isLost ? ((before.onlineDevices / given.zones) * (still(sinceLoss) - still(sinceLoss + 1))) / 60 : 0
    const load: Load = { ...before, opened }
    const demand = demandOf(given, measured, load)
    const threads = perPart(part => size.units[part] * threadsOf(part, given))
    const cores = perPart(
      part => threads[part] * (isLost && part !== 'postgres' && part !== 'redis' ? 1 - 1 / given.zones : 1),
    )
    const busy = perPart(part => demand[part] / cores[part])
    waiting = perPart(part => Math.max(0, waiting[part] + (demand[part] - cores[part]) * 60))
    return {
      busy,
      wait99Ms: perPart(part => {
        const queued = wait99(threadsOf(part, given), Math.min(busy[part], 0.999), work[part])
        return queued + (waiting[part] / cores[part]) * 1_000
      }),
    }
  })
}
