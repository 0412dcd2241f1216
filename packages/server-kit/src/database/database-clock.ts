import type { Clock } from '../clock.js'
import type { Logger } from '../log.js'
import type { Database } from './connection.js'

const lookEveryMs = 30_000
/** What `doctor` complains of too. */
const tellFromMs = 5_000
/** A difference that has changed by so much is told again. */
const tellAgainMs = 1_000

/** The time of PostgreSQL, as far as it is known here. Reading it asks nobody. */
export interface DatabaseClock extends Clock {
  stop(): void
}

export interface ClockLook {
  /** Milliseconds since 1970 on the own clock, before and after PostgreSQL was asked. */
  readonly asked: number
  readonly answered: number
  /** What PostgreSQL said. */
  readonly said: number
}

/**
 * How far PostgreSQL is ahead, in milliseconds. It said its time somewhere between question and answer: a difference that fits both
 * stays, so that a slow answer moves no clock. Nothing is learnt where the own clock was set back meanwhile.
 */
export const aheadAfter = (aheadMs: number, { asked, answered, said }: ClockLook): number => {
  const [least, most] = [said - answered, said - asked]
  if (most < least || (least <= aheadMs && aheadMs <= most)) return aheadMs
  return (least + most) / 2
}

const ask = async ({ query }: Pick<Database, 'query'>, clock: Clock): Promise<ClockLook> => {
  const asked = clock.now()
  const [row] = await query<{ now: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now')
  return { asked, answered: clock.now(), said: Number(row?.now) }
}

/**
 * Follows the clock of PostgreSQL by its difference to `clock`, which is measured now and every 30 s: what several pods write is
 * dated by one clock, at the cost of an addition. While the database is away the last difference holds. Tells the log of 5 s
 * and more. Throws where the first question fails.
 */
export const followDatabaseClock = async (options: {
  readonly database: Pick<Database, 'query'>
  readonly clock: Clock
  readonly log: Logger
}): Promise<DatabaseClock> => {
  const { database, clock, log } = options
  let aheadMs = 0
  let toldMs = 0
  const look = async () => {
    aheadMs = aheadAfter(aheadMs, await ask(database, clock))
    const apartMs = Math.abs(aheadMs) < tellFromMs ? 0 : aheadMs
    if (Math.abs(apartMs - toldMs) < tellAgainMs) return
    toldMs = apartMs
    if (apartMs === 0) return
    const offset = `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s ${aheadMs < 0 ? 'ahead of' : 'behind'}`
    log.warn(
      `the clock of this pod is ${offset} that of PostgreSQL, by which entries are dated: let both keep time by NTP`,
    )
  }
  await look()
  const timer = setInterval(() => {
    look().catch(error => log.warn({ err: error }, 'PostgreSQL did not tell its time; its last known difference holds'))
  }, lookEveryMs).unref()
  return { now: () => Math.round(clock.now() + aheadMs), stop: () => clearInterval(timer) }
}
