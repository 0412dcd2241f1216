import type { Clock } from '../clock.js'
import type { Database, Query } from '../database/connection.js'
import type { Logger } from '../log.js'

/** Work that one pod does from time to time. */
export interface Job {
  /** Also names the lock that keeps other pods out meanwhile. */
  readonly name: string
  readonly everyMs: number
  /** Whether it is done when the pod starts as well. */
  readonly atStart?: true
  /** Whether its work is the same at any time, so that no clock has to be right for it. */
  readonly ignoresTime?: true
  /** How long one of its statements may take. 30 s where left out. */
  readonly statementTimeoutMs?: number
  /** One go, in a transaction of its own, at the time of PostgreSQL (milliseconds since 1970). True where there is more to do at once. */
  run(query: Query, now: number): Promise<boolean>
}

export interface JobContext {
  /** The schema of the service; services do not keep each other out. */
  readonly schema: string
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  /** What PostgreSQL would say, where a clock is moved by hand; it is asked where left out. */
  readonly databaseNow?: () => number
}

/** One go may take longer than a statement for which somebody waits. */
const patienceMs = 30_000
/** So far may two clocks be apart. */
const maxApartMs = 3_600_000

/** Jobs delete what is over, for good: two clocks have to agree on the time, or one that jumps would delete what is not. */
const requireSameTime = (databaseNow: number, podNow: number): void => {
  const apartMs = podNow - databaseNow
  if (Math.abs(apartMs) <= maxApartMs) return
  const minutes = Math.round(Math.abs(apartMs) / 60_000)
  throw new Error(
    `The clock of this pod is ${minutes} minutes ${apartMs > 0 ? 'ahead of' : 'behind'} that of PostgreSQL, so nothing is deleted by time: ` +
      'set the one that is wrong by NTP. The job goes on when they are less than an hour apart.',
  )
}

/**
 * Does a job until nothing is left, or `isStopping` between two goes. Nothing where another pod is at it. Throws where the clocks
 * of the pod and of PostgreSQL are more than an hour apart, unless the job ignores the time.
 */
export const runJob = async (
  { schema, database, clock, databaseNow }: JobContext,
  job: Job,
  isStopping = () => false,
): Promise<void> => {
  for (let more = true; more && !isStopping(); ) {
    more = await database.transaction(
      async query => {
        const [lock] = await query<{ mine: boolean; now: string }>(
          `SELECT pg_try_advisory_xact_lock(hashtext($1), hashtext($2)) AS mine,
           floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`,
          [`qsm ${schema} jobs`, job.name],
        )
        if (lock?.mine !== true) return false
        const now = databaseNow?.() ?? Number(lock.now)
        if (!job.ignoresTime) requireSameTime(now, clock.now())
        return job.run(query, now)
      },
      { statementTimeoutMs: job.statementTimeoutMs ?? patienceMs },
    )
  }
}

/**
 * Does each job at its interval, and at once what is done at the start. Returns the function that ends this; it resolves when none
 * is under way any more.
 */
export const scheduleJobs = (context: JobContext, jobs: readonly Job[]): (() => Promise<void>) => {
  const running = new Set<Promise<void>>()
  let stopping = false
  const start = (job: Job) => {
    const work = runJob(context, job, () => stopping)
      .catch(error => context.log.warn({ err: error, job: job.name }, 'a job failed; it is tried again in its time'))
      .finally(() => running.delete(work))
    running.add(work)
  }
  for (const job of jobs) if (job.atStart) start(job)
  const timers = jobs.map(job => setInterval(() => start(job), job.everyMs).unref())
  return async () => {
    stopping = true
    for (const timer of timers) clearInterval(timer)
    await Promise.all(running)
  }
}
