import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../../services/standalone/src/embedded-postgres/start.js'
import { cpuOfTree, stopProgram } from '../processes.js'
import { startQsm } from '../qsm-server.js'
import { percentile } from '../realtime/figures.js'
import { makeRing } from '../realtime/ring.js'
import { keepLoggingIn, registerAll } from './b14-login/logins.js'
import { checksPerCpuSecond, npmCheck, ownCheck } from './b14-login/password-checks.js'
import type { Bench, Contender, Prepared } from './bench.js'

const people = 16
const messagesPerSecond = 200
const messagesPerPerson = 60
const checksInSample = 60
const npm = 'argon2 (npm)'
const [checks, logins, alone, together, harm] = [
  'password checks',
  'logins',
  'message p99, no logins',
  'message p99 while logins saturate',
  'p99 with ÷ without logins',
] as const

const prepare: Bench['prepare'] = async ({ folder, say }): Promise<Prepared> => {
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  const npmContender = async (): Promise<Contender | null> => {
    const check = await npmCheck()
    return check && { name: npm, measure: async () => ({ [checks]: await checksPerCpuSecond(check, checksInSample) }) }
  }
  try {
    const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
    stops.push(() => postgres.stop())
    const server = await startQsm(postgres.url, folder)
    stops.push(() => stopProgram(server.child))
    say(`  ${people} people register and connect in a ring`)
    const ring = await makeRing(server.url, [server.url], people, 'bench')
    stops.push(async () => ring.close())
    // Not those who write: sessions over a hundred end, and with them sockets.
    const usernames = await registerAll(server.url, 8)
    const cpuMs = () => cpuOfTree(server.child.pid ?? 0) + cpuOfTree(postgres.pid)

    const loginsPerCpuSecond = async () => {
      const before = cpuMs()
      const load = keepLoggingIn(server.url, usernames)
      await new Promise(resolve => setTimeout(resolve, 3_000))
      return ((await load.stop()) * 1_000) / (cpuMs() - before)
    }
    const p99 = async () => percentile(await ring.paced(messagesPerSecond), 99)
    const p99WhileLoginsSaturate = async () => {
      const load = keepLoggingIn(server.url, usernames)
      const ms = await p99()
      await load.stop()
      return ms
    }
    const check = await ownCheck()
    const own: Contender = {
      name: 'qsm',
      async measure() {
        await ring.seal(messagesPerPerson)
        const aloneMs = await p99()
        await ring.seal(messagesPerPerson)
        const togetherMs = await p99WhileLoginsSaturate()
        return {
          [checks]: await checksPerCpuSecond(check, checksInSample),
          [logins]: await loginsPerCpuSecond(),
          [alone]: aloneMs,
          [together]: togetherMs,
          [harm]: togetherMs / aloneMs,
        }
      },
    }
    const other = await npmContender()
    const why = 'no folder has it: npm install --prefix FOLDER argon2@0.45.1, then BENCH_ARGON2=FOLDER'
    return { contenders: other ? [own, other] : [own], notRun: other ? [] : [{ name: npm, why }], stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What a login costs, and what it does to those who write meanwhile. */
export const bench: Bench = {
  id: 'B14',
  title: 'Logins',
  about:
    'Argon2id with 19 MiB, two passes and one lane. Password checks and whole logins over HTTP for each second of CPU time (server and PostgreSQL); and p99 of 200 messages a second, durable and delivered over sockets, from when each was due, without logins and while eight people log in as fast as the server lets them.',
  metrics: [
    { name: checks, unit: 'per CPU s', better: 'higher', gates: { [npm]: 2.8 } },
    { name: logins, unit: 'per CPU s', better: 'higher' },
    { name: alone, unit: 'ms', better: 'lower' },
    { name: together, unit: 'ms', better: 'lower' },
    { name: harm, unit: '×', better: 'lower', limit: 1.5 },
  ],
  prepare,
}
