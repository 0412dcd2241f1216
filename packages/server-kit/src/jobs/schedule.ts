import type { Clock } from '../clock.js'
import type { Database, Query } from '../database/connection.js'
import type { Logger } from '../log.js'

/** Work that one pod does from time to time. */
export interface Job {
  /** Also names the lock that keeps other pods out meanwhile. */
  readonly name: string
  readonly everyMs: number
  /** One go, in a transaction of its own. True where there is more to do at once. */
  run(query: Query, now: number): Promise<boolean>
}

export interface JobContext {
  /** The schema of the service; services do not keep each other out. */
  readonly schema: string
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
}

/** One go may take longer than a statement for which somebody waits. */
const patience = { statementTimeoutMs: 30_000 }

/** Does a job until nothing is left, or `isStopping` between two goes. Nothing where another pod is at it. */
export const runJob = async (
  { schema, database, clock }: JobContext,
  job: Job,
  isStopping = () => false,
): Promise<void> => {
  for (let more = true; more && !isStopping(); ) {
    more = await database.transaction(async query => {
      const [lock] = await query<{ mine: boolean }>(
        'SELECT pg_try_advisory_xact_lock(hashtext($1), hashtext($2)) AS mine',
        [`qsm ${schema} jobs`, job.name],
      )
      return lock?.mine === true && job.run(query, clock.now())
    }, patience)
  }
}

/** Does each job at its interval. Returns the function that ends this; it resolves when none is under way any more. */
export const scheduleJobs = (context: JobContext, jobs: readonly Job[]): (() => Promise<void>) => {
  const running = new Set<Promise<void>>()
  let stopping = false
  const start = (job: Job) => {
    const work = runJob(context, job, () => stopping)
      .catch(error => context.log.warn({ err: error, job: job.name }, 'a job failed; it is tried again in its time'))
      .finally(() => running.delete(work))
    running.add(work)
  }
  const timers = jobs.map(job => setInterval(() => start(job), job.everyMs).unref())
  return async () => {
    stopping = true
    for (const timer of timers) clearInterval(timer)
    await Promise.all(running)
  }
}
