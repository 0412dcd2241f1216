// Sends beside simpler servers; becomes bench B7.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../services/standalone/src/embedded-postgres/start.js'
import { postAll, sendEach } from './load.js'
import {
  type BenchPerson,
  connect,
  loadAlgorithms,
  logIn,
  makePerson,
  type PreparedSend,
  prepareSends,
} from './people.js'
import { cpuOfTree, startProgram, stopProgram } from './processes.js'
import { startQsm } from './qsm-server.js'
import { measureIdleSockets } from './realtime/idle-sockets.js'
import { openReceivers } from './receivers.js'

const callers = 64
const perCaller = Number(process.env.BENCH_MESSAGES ?? 80)
const rounds = Number(process.env.BENCH_ROUNDS ?? 4)
const idleSockets = Number(process.env.BENCH_SOCKETS ?? 2000)
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-bench-'))
const say = (text: string) => console.error(text)
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const startContender = async (kind: 'save' | 'batch', databaseUrl: string) => {
  const args = ['--conditions=qsm-source', '--import', 'tsx', join(root, 'scripts/bench/contender.ts')]
  const { child, said } = await startProgram(
    args,
    { BENCH_DATABASE_URL: databaseUrl, BENCH_KIND: kind },
    /listening on \d+/,
  )
  return { child, url: `http://127.0.0.1:${/listening on (\d+)/.exec(said)?.[1]}` }
}

interface Sample {
  readonly perSecond: number
  readonly serverMs: number
  readonly postgresMs: number
}

const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
const client = new pg.Client({ connectionString: postgres.url })
await client.connect()
for (const name of ['qsm', 'save', 'batch']) await client.query(`CREATE DATABASE bench_${name}`)
const urlOf = (name: string) => {
  const url = new URL(postgres.url)
  url.pathname = `/bench_${name}`
  return url.href
}
for (const name of ['save', 'batch']) {
  const contender = new pg.Client({ connectionString: urlOf(name) })
  await contender.connect()
  await contender.query(
    'CREATE TABLE bench_row (id uuid PRIMARY KEY, sender uuid NOT NULL, received_at timestamptz NOT NULL, envelope bytea NOT NULL)',
  )
  await contender.end()
}
await client.end()

const qsm = await startQsm(urlOf('qsm'), folder)
const contenders = {
  save: await startContender('save', urlOf('save')),
  batch: await startContender('batch', urlOf('batch')),
}
const algorithms = await loadAlgorithms()
say(`${callers} people register and connect in a ring`)
const people: BenchPerson[] = []
for (let index = 0; index < callers; index += 1) people.push(await makePerson(qsm.url, algorithms, `bench-${index}`))
const tokens = people.map(person => person.token)
const at = (index: number) => people[index % callers] as BenchPerson
const sessions = []
for (let index = 0; index < callers; index += 1)
  sessions.push(await connect(qsm.url, algorithms, at(index + 1), at(index)))
const receivers = await openReceivers(qsm.url, tokens)

const names = ['socket', 'rest', 'save', 'batch'] as const
type Name = (typeof names)[number]
const samples: Record<Name, Sample[]> = { socket: [], rest: [], save: [], batch: [] }
let expected = 0
for (let round = 0; round <= rounds; round += 1) {
  say(`round ${round} of ${rounds}: sealing ${2 * callers * perCaller} messages`)
  // An envelope is stored once, so each way into QSM has messages of its own.
  const sends: Record<'socket' | 'rest', PreparedSend[]> = { socket: [], rest: [] }
  for (let index = 0; index < callers; index += 1) {
    const prepared = await prepareSends(
      algorithms,
      at(index),
      index,
      at(index + 1),
      sessions[index] as never,
      perCaller * 2,
    )
    sessions[index] = prepared.session
    sends.socket.push(...prepared.sends.slice(0, perCaller))
    sends.rest.push(...prepared.sends.slice(perCaller))
  }
  const count = sends.rest.length
  for (const name of names.map((_, position) => names[(position + round) % names.length] as Name)) {
    const isQsm = name === 'socket' || name === 'rest'
    const pid = isQsm ? qsm.child.pid : contenders[name].child.pid
    const cpu = () => ({ server: cpuOfTree(pid ?? 0), postgres: cpuOfTree(postgres.pid) })
    const before = cpu()
    const begun = performance.now()
    if (name === 'socket') await sendEach(sends.socket, receivers.send)
    else if (name === 'rest') await postAll(`${qsm.url}/api/message/send`, tokens, sends.rest)
    else await postAll(contenders[name].url, tokens, sends.rest)
    if (isQsm) {
      expected += count
      await receivers.until(expected)
    }
    const seconds = (performance.now() - begun) / 1000
    const after = cpu()
    const sample = {
      perSecond: count / seconds,
      serverMs: (after.server - before.server) / count,
      postgresMs: (after.postgres - before.postgres) / count,
    }
    if (round > 0) samples[name].push(sample) // Round 0 warms up.
    say(
      `  ${name.padEnd(6)} ${sample.perSecond.toFixed(0).padStart(6)} messages/s   ${sample.serverMs.toFixed(2)} + ${sample.postgresMs.toFixed(2)} ms CPU each`,
    )
  }
}
receivers.close()

const ratio = (name: 'socket' | 'rest', other: 'save' | 'batch') =>
  median(samples[name].map(({ perSecond }, index) => perSecond / (samples[other][index]?.perSecond ?? 1))).toFixed(2)
console.log(
  `\n${callers} callers, ${rounds} rounds of ${callers * perCaller} messages, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`,
)
console.log('| contender | messages/s | CPU ms each: server | PostgreSQL |\n|---|---|---|---|')
const labels = {
  socket: 'QSM, sent over the socket: verified, stored, delivered, acknowledged',
  rest: 'QSM, sent by REST: the same',
  save: 'bare Koa, TypeORM save',
  batch: 'bare Koa, micro-batched insert',
}
for (const name of names) {
  const of = (part: keyof Sample) => median(samples[name].map(sample => sample[part]))
  console.log(
    `| ${labels[name]} | ${of('perSecond').toFixed(0)} | ${of('serverMs').toFixed(2)} | ${of('postgresMs').toFixed(2)} |`,
  )
}
for (const name of ['socket', 'rest'] as const) {
  console.log(
    `\n${name}: ${ratio(name, 'save')} × the rate of save, ${ratio(name, 'batch')} × of the micro-batched insert.`,
  )
}

say(`\n${idleSockets} idle sockets`)
// Login sessions without a device: sockets of one device would displace each other.
const idleTokens: string[] = []
for (const { username } of people) idleTokens.push(await logIn(qsm.url, username))
const idle = { url: qsm.url, pid: qsm.child.pid ?? 0, tokens: idleTokens }
for (const { count, kibEach } of await measureIdleSockets(idle, [idleSockets])) {
  console.log(`Idle sockets open: ${count}; resident memory for each: ${kibEach.toFixed(1)} KiB`)
}

for (const { child } of [qsm, contenders.save, contenders.batch]) await stopProgram(child)
await postgres.stop()
rmSync(folder, { recursive: true, force: true })
