import type { Clock } from '../clock.js'
import { connectOnce, withPatience } from './reach.js'

/** How far the clock of PostgreSQL is before `clock`, in milliseconds, to half of the way there and back. */
export const databaseClockOffsetMs = (url: string, clock: Clock): Promise<number> =>
  withPatience(url, 0, async () => {
    const client = await connectOnce(url, 'qsm-clock')
    try {
      const asked = clock.now()
      const { rows } = await client.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now')
      return Number(rows[0]?.now) - (asked + clock.now()) / 2
    } finally {
      await client.end()
    }
  })
