import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../../services/standalone/src/embedded-postgres/start.js'
import { cpuOfTree, stopProgram } from '../processes.js'
import { startQsm } from '../qsm-server.js'
import { callAll } from '../thin/post.js'
import { makeThinPeople, type ThinPerson } from '../thin/thin-people.js'
import { checkServer } from './b09-crypto-service/check-server.js'
import { createInProcess } from './b09-crypto-service/in-process.js'
import { type OperationName, operationNames, operationsOn, sentIn } from './b09-crypto-service/operations.js'
import { verification } from './b09-crypto-service/verification.js'
import type { Bench, Contender, Metric, Prepared } from './bench.js'

const inFlight = 32
/**
 * How often the round that warms up does each operation's calls: after some 3 000 of one kind V8 has compiled what they take and
 * the cost is about level, but for a thin send, whose falls on. At least 5 000 operations of each kind, for all contenders.
 */
const warmRuns = 8
const runsOf = (round: number): number => (round === 0 ? warmRuns : 1)
const direct = 'the operation in this process'
const stock = 'one HTTP call per operation on the stock build'
const sendCost = 'thin send, CPU'

/** At least four fifths of the CPU for the operation itself: transport takes a fifth. */
const ofDirect = { [direct]: 0.8 }
const metrics: readonly Metric[] = [
  ...operationNames.map(
    (name): Metric => ({
      name,
      unit: 'per CPU s',
      better: 'higher',
      gates: name === 'wrap_sign' ? { ...ofDirect, [stock]: 10 } : ofDirect,
    }),
  ),
  { name: sendCost, unit: 'µs', better: 'lower', limit: 400 },
]

const withCost = (values: Record<OperationName, number>): Record<string, number> => ({
  ...values,
  [sendCost]: 1e6 / values['thin send'],
})

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

type InProcess = Awaited<ReturnType<typeof createInProcess>>

const directContender = (own: InProcess): Contender => {
  const runs: Readonly<Record<OperationName, () => Promise<void>>> = {
    encapsulate: own.encapsulate,
    wrap_sign: own.wrapSign,
    wrap_verify: own.wrapVerify,
    'wrap_verify in batches': own.wrapVerify,
    'thin send': own.seal,
  }
  return {
    name: direct,
    async measure(round) {
      const values = {} as Record<OperationName, number>
      for (const name of operationNames) {
        const [begun, times] = [cpuMs(), inFlight * 20 * runsOf(round)]
        for (let call = 0; call < times; call += 1) await runs[name]()
        values[name] = (times * 1_000) / (cpuMs() - begun)
      }
      return withCost(values)
    },
  }
}

interface Database {
  readonly url: string
  readonly pid: number
}

/** A server of its own with people, as a contender. */
const serverContender = async (
  name: string,
  setting: { readonly database: Database; readonly folder: string; readonly own: InProcess; readonly isStock: boolean },
  kept: (end: () => Promise<void>) => void,
): Promise<Contender> => {
  const { database, folder, own, isStock } = setting
  const qsm = await startQsm(database.url, folder, {
    QUANTUM_WASM_BUILD: isStock ? 'stock' : 'fast',
    QUANTUM_SIGNS_PER_MINUTE: '100000',
    QUANTUM_CALLS_PER_MINUTE: '1000000',
  })
  kept(() => stopProgram(qsm.child))
  const people = await makeThinPeople(qsm, inFlight)
  const given = { kemPublicKey: own.kemPublicKey, signed: await verification(own.algorithms) }
  const operations = operationsOn(qsm, given, !isStock)
  const cpuOfAll = () => cpuOfTree(qsm.child.pid ?? 0) + cpuOfTree(database.pid)
  return {
    name,
    async measure(round) {
      const values = {} as Record<OperationName, number>
      for (const operation of operationNames) {
        const { unit, calls: inRun, post, isRight } = operations[operation]
        const calls = inRun * runsOf(round)
        const begun = cpuOfAll()
        await callAll(
          people.map(person => Array.from({ length: calls }, () => post(person, round))),
          isRight,
        )
        values[operation] = (inFlight * calls * unit * 1_000) / (cpuOfAll() - begun)
      }
      const sent = { text: sentIn(round), times: operations['thin send'].calls * runsOf(round) }
      await checkServer(qsm, people[0] as ThinPerson, people[1] as ThinPerson, sent)
      return withCost(values)
    },
  }
}

const prepare: Bench['prepare'] = async ({ folder, say }): Promise<Prepared> => {
  const ends: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
    ends.push(() => postgres.stop())
    const createDatabase = async (name: string): Promise<Database> => {
      const admin = new pg.Client({ connectionString: postgres.url })
      await admin.connect()
      await admin.query(`CREATE DATABASE ${name}`)
      await admin.end()
      const url = new URL(postgres.url)
      url.pathname = `/${name}`
      return { url: url.href, pid: postgres.pid }
    }
    const own = await createInProcess()
    const start = async (name: string, isStock: boolean): Promise<Contender> => {
      say(`  ${name}: ${inFlight} thin people register and connect in pairs`)
      const part = isStock ? 'stock' : 'fast'
      const database = await createDatabase(`crypto_${part}`)
      return serverContender(name, { database, folder: join(folder, part), own, isStock }, end => ends.push(end))
    }
    const contenders = [await start('qsm', false), directContender(own), await start(stock, true)]
    return { contenders, notRun: [], stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The quantum service end to end, beside the bare operations and beside the stock build. */
export const bench: Bench = {
  id: 'B9',
  title: 'Quantum service, end to end',
  about:
    'Operations over HTTP by 32 callers, each with one call in flight: sign-in, routing, keys at rest, database and signing threads; a thin send goes from the request to the stored envelope. Operations for each second of CPU time of all processes, PostgreSQL included, when each contender has done at least 5 000 operations of every kind. A signature, and every text that was sent to one person, is checked after each round.',
  metrics,
  prepare,
}
