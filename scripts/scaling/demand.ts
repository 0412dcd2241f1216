import type { Assumptions } from './assumptions.js'
import type { Measured } from './measured.js'

export const parts = ['message', 'auth', 'quantum', 'redis', 'postgres'] as const
export type Part = (typeof parts)[number]
export type Demand = Readonly<Record<Part, number>>

/** What is asked for at one moment, each second. */
export interface Load {
  readonly sends: number
  readonly onlineDevices: number
  readonly opened: number
}

const daySeconds = 86_400
const usPerSecond = 1e6

/** The mean of the day. Who is online goes with how much is sent. */
export const meanLoad = (given: Assumptions): Load => ({
  sends: (given.users * given.messagesPerDay) / daySeconds,
  onlineDevices: (given.users * given.onlineShare) / given.peakFactor,
  opened: 0,
})

/** Envelopes of one message: one for each device of the recipient, and of the sender but the one that sends. */
export const envelopesOf = ({ devicesPerUser }: Assumptions): number => 2 * devicesPerUser - 1

/** Cores that each part needs for a load. */
export const demandOf = (given: Assumptions, measured: Measured, load: Load): Demand => {
  const { send, idle, opened } = measured.cpuUs
  const envelopes = load.sends * envelopesOf(given)
  const refreshes = load.onlineDevices / (measured.tokenMinutes * 60)
  const logins = (given.loginsPerDay * given.users) / daySeconds
  const cores = (us: number) => us / usPerSecond
  return {
    message: cores(envelopes * send.podUs + load.onlineDevices * idle.podUs + load.opened * opened.podUs),
    auth: cores(logins * measured.cpuUs.login.podUs + refreshes * given.refreshMs * 1_000),
    quantum: cores(load.sends * given.thinShare * measured.cpuUs.thinSend.podUs),
    redis: cores(envelopes * send.redisUs + load.onlineDevices * idle.redisUs + load.opened * opened.redisUs),
    postgres: cores(
      envelopes * send.postgresUs + load.onlineDevices * idle.postgresUs + load.opened * opened.postgresUs,
    ),
  }
}

/** A load `factor` times as high. */
export const scaled = (load: Load, factor: number): Load => ({
  sends: load.sends * factor,
  onlineDevices: load.onlineDevices * factor,
  opened: load.opened,
})
