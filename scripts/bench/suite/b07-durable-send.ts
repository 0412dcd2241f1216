import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../../services/standalone/src/embedded-postgres/start.js'
import { cpuOfTree } from '../processes.js'
import { type SealRound, startOwn } from './b07-durable-send/start-own.js'
import { startRows } from './b07-durable-send/start-rows.js'
import type { StartSystems, System, World } from './b07-durable-send/system.js'
import type { Bench, Contender, Prepared } from './bench.js'

const callers = 64
const perCaller = Number(process.env.BENCH_MESSAGES ?? 80)
const [rate, cpuEach, cpuServer, cpuPostgres] = ['messages', 'CPU each', 'of it server', 'of it PostgreSQL'] as const

/** What takes part beside QSM; a further system is a further entry. */
const others: readonly StartSystems[] = [startRows]

/** The same round for all: sealed when the first one asks. */
const sealOnce = (seal: SealRound): ((round: number) => ReturnType<SealRound>) => {
  let current: { readonly round: number; readonly sends: ReturnType<SealRound> } | null = null
  return round => {
    if (current?.round !== round) current = { round, sends: seal(perCaller) }
    return current.sends
  }
}

const contenderOf = (system: System, postgresPid: number, sealed: ReturnType<typeof sealOnce>): Contender => {
  let before = 0
  return {
    name: system.name,
    async measure(round) {
      const sends = (await sealed(round))[system.takes]
      await system.prepare?.(sends)
      const cpu = () => ({
        server: system.pids.reduce((sum, pid) => sum + cpuOfTree(pid), 0),
        postgres: cpuOfTree(postgresPid),
      })
      const begun = { ...cpu(), at: performance.now() }
      await system.send(sends)
      const seconds = (performance.now() - begun.at) / 1_000
      const { server, postgres } = cpu()
      const stored = await system.stored()
      const count = sends.length * (system.times ?? 1)
      const missing = count - (stored - before)
      before = stored
      if (missing !== 0) throw new Error(`${missing} of ${count} messages were not stored`)
      return {
        [rate]: count / seconds,
        [cpuEach]: (server + postgres - begun.server - begun.postgres) / count,
        [cpuServer]: (server - begun.server) / count,
        [cpuPostgres]: (postgres - begun.postgres) / count,
      }
    },
  }
}

const prepare: Bench['prepare'] = async ({ folder, say, peers }): Promise<Prepared> => {
  const stops: (() => Promise<void>)[] = []
  const later = (stop: () => Promise<void>) => {
    stops.unshift(stop)
  }
  const stop = async () => {
    for (const end of stops.splice(0)) await end()
  }
  try {
    const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
    later(() => postgres.stop())
    const worldOf = (name: string): World => {
      const own = join(folder, name)
      mkdirSync(own, { recursive: true })
      return { folder: own, postgres, makeDatabase, peers, callers }
    }
    const makeDatabase = async (name: string) => {
      const client = new pg.Client({ connectionString: postgres.url })
      await client.connect()
      await client.query(`CREATE DATABASE "bench_${name}"`)
      await client.end()
      const url = new URL(postgres.url)
      url.pathname = `/bench_${name}`
      return url.href
    }
    say(`  ${callers} people register and connect in a ring`)
    const own = await startOwn(worldOf('qsm'), later)
    const systems = [...own.systems]
    const notRun: { name: string; why: string }[] = []
    for (const [index, start] of others.entries()) {
      const started = await start(worldOf(`other-${index}`), later)
      systems.push(...started.systems)
      notRun.push(...started.notRun)
    }
    const sealed = sealOnce(own.seal)
    return { contenders: systems.map(system => contenderOf(system, postgres.pid, sealed)), notRun, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A message from its sender over both checks and a flushed commit to the answer and to its reader. */
export const bench: Bench = {
  id: 'B7',
  title: 'Durable sends',
  about: `${callers} people send ${perCaller} messages of one envelope (1.2 KB) each a round to the next in a ring, one at a time each, with \`synchronous_commit = on\`. QSM verifies both signatures, stores, answers and delivers, and each message must arrive once, in order and unchanged. The programs beside it check and deliver nothing: they store the envelope in a table with one index. COPY has all rows in its memory beforehand, five times as many, and puts 100 in each, on 4 connections. The load generator is a Node process on the same cores.`,
  metrics: [
    {
      name: rate,
      unit: '/s',
      better: 'higher',
      gates: { 'TypeORM save': 3, 'micro-batched insert': 0.35, 'binary COPY': 0.5 },
    },
    { name: cpuEach, unit: 'ms', better: 'lower' },
    { name: cpuServer, unit: 'ms', better: 'lower' },
    { name: cpuPostgres, unit: 'ms', better: 'lower' },
  ],
  prepare,
}
