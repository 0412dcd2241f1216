// npm run bench: QSM beside two simpler servers in one run, in rounds that rotate. Prints tables; asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import WebSocket from 'ws'
import { startEmbeddedPostgres } from '../../services/standalone/src/embedded-postgres/start.js'
import { sendAll } from './load.js'
import {
  type BenchPerson,
  connect,
  loadAlgorithms,
  logIn,
  makePerson,
  type PreparedSend,
  prepareSends,
} from './people.js'
import { cpuOfTree, residentBytes, startProgram, stopProgram } from './processes.js'
import { startQsm } from './qsm-server.js'
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

const samples: Record<'qsm' | 'save' | 'batch', Sample[]> = { qsm: [], save: [], batch: [] }
let expected = 0
for (let round = 0; round <= rounds; round += 1) {
  say(`round ${round} of ${rounds}: sealing ${callers * perCaller} messages`)
  const sends: PreparedSend[] = []
  for (let index = 0; index < callers; index += 1) {
    const prepared = await prepareSends(
      algorithms,
      at(index),
      index,
      at(index + 1),
      sessions[index] as never,
      perCaller,
    )
    sessions[index] = prepared.session
    sends.push(...prepared.sends)
  }
  const bytes = sends.reduce((sum, send) => sum + send.json.length, 0) / sends.length
  say(`  ${bytes.toFixed(0)} bytes of JSON each`)
  const order = (['qsm', 'save', 'batch'] as const).map(
    (_, position, all) => all[(position + round) % 3] as 'qsm' | 'save' | 'batch',
  )
  for (const name of order) {
    const pid = name === 'qsm' ? qsm.child.pid : contenders[name].child.pid
    const cpu = () => ({ server: cpuOfTree(pid ?? 0), postgres: cpuOfTree(postgres.pid) })
    const before = cpu()
    const begun = performance.now()
    if (name === 'qsm') {
      await sendAll(`${qsm.url}/api/message/send`, tokens, sends)
      expected += sends.length
      await receivers.until(expected)
    } else await sendAll(contenders[name].url, tokens, sends)
    const seconds = (performance.now() - begun) / 1000
    const after = cpu()
    const sample = {
      perSecond: sends.length / seconds,
      serverMs: (after.server - before.server) / sends.length,
      postgresMs: (after.postgres - before.postgres) / sends.length,
    }
    if (round > 0) samples[name].push(sample) // Round 0 warms up.
    say(
      `  ${name.padEnd(6)} ${sample.perSecond.toFixed(0).padStart(6)} messages/s   ${sample.serverMs.toFixed(2)} + ${sample.postgresMs.toFixed(2)} ms CPU each`,
    )
  }
}
receivers.close()

const ratio = (other: 'save' | 'batch', part: keyof Sample) =>
  median(samples.qsm.map((sample, index) => sample[part] / (samples[other][index]?.[part] ?? 1)))
console.log(
  `\n${callers} callers, ${rounds} rounds of ${callers * perCaller} messages, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`,
)
console.log('| contender | messages/s | CPU ms each: server | PostgreSQL |\n|---|---|---|---|')
const labels = {
  qsm: 'QSM: both signatures verified, stored, delivered, acknowledged',
  save: 'bare Koa, TypeORM save',
  batch: 'bare Koa, micro-batched insert',
}
for (const name of ['qsm', 'save', 'batch'] as const) {
  const of = (part: keyof Sample) => median(samples[name].map(sample => sample[part]))
  console.log(
    `| ${labels[name]} | ${of('perSecond').toFixed(0)} | ${of('serverMs').toFixed(2)} | ${of('postgresMs').toFixed(2)} |`,
  )
}
console.log(
  `\nQSM / save: ${ratio('save', 'perSecond').toFixed(2)} × the rate. QSM / micro-batched: ${ratio('batch', 'perSecond').toFixed(2)} ×.`,
)

say(`\n${idleSockets} idle sockets`)
const settle = () => new Promise(resolve => setTimeout(resolve, 3_000))
await settle()
// A login session without a device: sockets of one device would displace each other.
const idleToken = await logIn(qsm.url, at(0).username)
const before = residentBytes(qsm.child.pid ?? 0)
const open: WebSocket[] = []
for (let index = 0; index < idleSockets; index += 1) {
  const socket = new WebSocket(`${qsm.url.replace('http', 'ws')}/ws`, {
    headers: { authorization: `Bearer ${idleToken}` },
  })
  await new Promise((resolve, reject) => {
    socket.once('message', resolve)
    socket.once('error', reject)
  })
  open.push(socket)
}
await settle()
const openNow = open.filter(socket => socket.readyState === socket.OPEN).length
console.log(
  `Idle sockets open: ${openNow}; resident memory for each: ${((residentBytes(qsm.child.pid ?? 0) - before) / openNow / 1024).toFixed(1)} KiB`,
)
for (const socket of open) socket.terminate()

for (const { child } of [qsm, contenders.save, contenders.batch]) await stopProgram(child)
await postgres.stop()
rmSync(folder, { recursive: true, force: true })
