import { readFileSync } from 'node:fs'
import { median } from '../spread.js'
import { envelopeBytes, pageSize } from './fill-mailbox.js'

export interface ReadRow {
  readonly sequence: number
  readonly bytes: number
}

const microsecondsPerTick = 10_000
const warmUp = 20

/** CPU time of a process so far, by ticks of 10 ms. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick
}

const check = (rows: readonly ReadRow[], depth: number): void => {
  const isRight = rows.every(({ sequence, bytes }, index) => sequence === depth + index + 1 && bytes === envelopeBytes)
  if (rows.length !== pageSize || !isRight) throw new Error(`a page behind ${depth} was wrong`)
}

/**
 * Reads a page again and again. Medians of latency in milliseconds; CPU for each page in microseconds, of this process and of
 * the one backend that answers on `database`.
 */
export const measurePages = async (
  database: { query<Row>(statement: string): Promise<Row[]> },
  depth: number,
  times: number,
  read: () => Promise<readonly ReadRow[]>,
) => {
  const [backend] = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  if (!backend) throw new Error('PostgreSQL did not answer')
  for (let time = 0; time < Math.min(warmUp, times); time += 1) check(await read(), depth)
  const latencies: number[] = []
  const postgres = cpuOf(backend.pid)
  const node = process.cpuUsage()
  for (let time = 0; time < times; time += 1) {
    const start = performance.now()
    check(await read(), depth)
    latencies.push(performance.now() - start)
  }
  const { user, system } = process.cpuUsage(node)
  return {
    node: (user + system) / times,
    postgres: (cpuOf(backend.pid) - postgres) / times,
    latency: median(latencies),
  }
}
