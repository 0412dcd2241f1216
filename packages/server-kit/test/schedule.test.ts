import { expect, test, vi } from 'vitest'
import { silentLog } from '../../../tests/support/silent-log.js'
import { type Database, type JobContext, type Query, runJob, scheduleJobs } from '../src/index.js'

const hourMs = 3_600_000
const databaseNow = 1_800_000_000_000

/** A pod whose clock is so far ahead of the database. */
const podAhead = (ms: number): JobContext => {
  const query = (async () => [{ mine: true, now: String(databaseNow) }]) as unknown as Query
  const database = { transaction: (run: (query: Query) => unknown) => run(query) } as unknown as Database
  return { schema: 'some', database, clock: { now: () => databaseNow + ms }, log: silentLog }
}
const makeJob = () => ({ name: 'some', everyMs: hourMs, run: vi.fn(async () => false) })

test('a job is told the time of PostgreSQL', async () => {
  const job = makeJob()
  await runJob(podAhead(-hourMs), job)
  await runJob(podAhead(hourMs), job)
  expect(job.run.mock.calls).toEqual(Array(2).fill([expect.anything(), databaseNow]))
})

test.each([
  [hourMs + 60_000, 'is 61 minutes ahead of that of PostgreSQL'],
  [-2 * hourMs, 'is 120 minutes behind that of PostgreSQL'],
])('a pod whose clock is %i ms off does no job, unless it ignores the time', async (ms, text) => {
  const job = makeJob()
  await expect(runJob(podAhead(ms), job)).rejects.toThrow(text)
  expect(job.run).not.toHaveBeenCalled()
  await runJob(podAhead(ms), { ...job, ignoresTime: true })
  expect(job.run).toHaveBeenCalledTimes(1)
})

test('what is done at the start is done before its interval, the rest is not', async () => {
  const [first, later] = [makeJob(), makeJob()]
  const stop = scheduleJobs(podAhead(0), [{ ...first, atStart: true }, later])
  await stop()
  expect([first.run.mock.calls.length, later.run.mock.calls.length]).toEqual([1, 0])
})
