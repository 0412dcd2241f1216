// npm run bench:quantum: operations of the quantum service over HTTP, and a thin send end to end, beside the same
// operations called in this process, in rounds that rotate. Prints tables; asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../services/standalone/src/embedded-postgres/start.js'
import { cpuOfTree, stopProgram } from './processes.js'
import { startQsm } from './qsm-server.js'
import { createInProcess } from './quantum/in-process.js'
import { loopDelayP99Ms } from './quantum/loop-delay.js'
import { callAll, type Post } from './quantum/post.js'
import { makeThinPeople, type ThinPerson } from './quantum/thin-people.js'
import { verification } from './quantum/verification.js'

const inFlight = 32
const perCaller = Number(process.env.BENCH_CALLS ?? 12)
// More would meet the limits of each user.
const rounds = Number(process.env.BENCH_ROUNDS ?? 2)
const batchSize = 64
const say = (text: string) => console.error(text)
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const folder = mkdtempSync(join(tmpdir(), 'qsm-bench-'))
const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
const admin = new pg.Client({ connectionString: postgres.url })
await admin.connect()
await admin.query('CREATE DATABASE bench_quantum')
await admin.end()
const database = new URL(postgres.url)
database.pathname = '/bench_quantum'
const qsm = await startQsm(database.href, folder)
say(`${inFlight} thin people register and connect in pairs`)
const people = await makeThinPeople(qsm, inFlight)
const direct = await createInProcess()
const signed = await verification(direct.algorithms)

/** `unit`: operations that one call does. `direct`: the same without HTTP, database and keys at rest. */
interface Row {
  readonly label: string
  readonly unit: number
  readonly post: (person: ThinPerson, index: number) => Post
  readonly direct: () => Promise<void>
}
const message = 'a line of about the usual length of a chat, give or take'
const rows: readonly Row[] = [
  {
    label: 'encapsulate',
    unit: 1,
    post: ({ token }) => ({
      url: `${qsm.quantumUrl}/api/quantum/encapsulate`,
      token,
      body: { receiver_public_key: direct.kemPublicKey, session_id: 'bench' },
    }),
    direct: direct.encapsulate,
  },
  {
    label: 'wrap_sign',
    unit: 1,
    post: ({ token, username }) => ({
      url: `${qsm.quantumUrl}/api/quantum/wrap_sign`,
      token,
      body: { message, user_id: username },
    }),
    direct: direct.wrapSign,
  },
  {
    label: 'wrap_verify',
    unit: 1,
    post: ({ token }) => ({ url: `${qsm.quantumUrl}/api/quantum/wrap_verify`, token, body: signed }),
    direct: direct.wrapVerify,
  },
  {
    label: `wrap_verify, batch of ${batchSize}`,
    unit: batchSize,
    post: ({ token }) => ({
      url: `${qsm.quantumUrl}/api/quantum/wrap_verify`,
      token,
      body: { batch: Array.from({ length: batchSize }, () => signed) },
    }),
    direct: direct.wrapVerify,
  },
  {
    label: 'thin send, end to end',
    unit: 1,
    post: ({ token, peer }) => ({
      url: `${qsm.url}/api/message/send`,
      token,
      body: { content: message, message_type: 'secured', recipient: peer },
    }),
    direct: direct.seal,
  },
]

interface Figures {
  readonly single: number[]
  readonly many: number[]
  readonly direct: number[]
  readonly perSecond: number[]
}
const figures = rows.map((): Figures => ({ single: [], many: [], direct: [], perSecond: [] }))
const serverCpuMs = () => cpuOfTree(qsm.child.pid ?? 0) + cpuOfTree(postgres.pid)
const ownCpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
/** The event loop's delay with all callers at work, by operation: encapsulate is what the loop bears without signing. */
const delaysMs: Record<string, number[]> = { encapsulate: [], wrap_sign: [] }

const measure = async (row: Row, callers: number, calls: number): Promise<{ cpuMs: number; perSecond: number }> => {
  const before = serverCpuMs()
  const begun = performance.now()
  await callAll(
    people.slice(0, callers).map(person => Array.from({ length: calls }, (_, index) => row.post(person, index))),
  )
  const operations = callers * calls * row.unit
  return { cpuMs: (serverCpuMs() - before) / operations, perSecond: (operations * 1_000) / (performance.now() - begun) }
}

for (let round = 0; round <= rounds; round += 1) {
  say(`round ${round} of ${rounds}`)
  for (let position = 0; position < rows.length; position += 1) {
    const at = (position + round) % rows.length
    const [row, figure] = [rows[at], figures[at]]
    if (!row || !figure) continue
    // As many of one caller as of all: 10 ms ticks want a second of work.
    const single = await measure(row, 1, row.unit > 1 ? perCaller : perCaller * 4)
    await loopDelayP99Ms(qsm.metricsUrl) // Each reading begins a new one.
    const many = await measure(row, inFlight, perCaller)
    const delayMs = await loopDelayP99Ms(qsm.metricsUrl)
    const before = ownCpuMs()
    const times = 100
    for (let call = 0; call < times; call += 1) await row.direct()
    const directMs = (ownCpuMs() - before) / times
    say(
      `  ${row.label.padEnd(24)} ${single.cpuMs.toFixed(2)} / ${many.cpuMs.toFixed(2)} / ${directMs.toFixed(2)} ms CPU`,
    )
    if (round === 0) continue // Warms up.
    delaysMs[row.label]?.push(delayMs)
    figure.single.push(single.cpuMs)
    figure.many.push(many.cpuMs)
    figure.direct.push(directMs)
    figure.perSecond.push(many.perSecond)
  }
}

console.log(`\n${inFlight} users, ${rounds} rounds, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`)
console.log(
  '| operation | CPU ms, 1 in flight | CPU ms, 32 in flight | CPU ms in-process | beside the operation itself | per second, 32 in flight |',
)
console.log('|---|---|---|---|---|---|')
for (const [at, { label }] of rows.entries()) {
  const figure = figures[at] as Figures
  const share = median(figure.many.map((cpu, index) => 1 - (figure.direct[index] ?? 0) / cpu)) * 100
  const cells = [figure.single, figure.many, figure.direct].map(values => median(values).toFixed(2))
  console.log(`| ${label} | ${cells.join(' | ')} | ${share.toFixed(0)} % | ${median(figure.perSecond).toFixed(0)} |`)
}
const delays = Object.entries(delaysMs).map(([label, values]) => `${label} ${median(values).toFixed(1)} ms`)
console.log(`\nEvent-loop delay p99 with ${inFlight} in flight, by the server's own metric: ${delays.join(', ')}.`)

await stopProgram(qsm.child)
await postgres.stop()
rmSync(folder, { recursive: true, force: true })
