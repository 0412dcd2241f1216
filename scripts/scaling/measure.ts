// npm run scaling:measure [-- --pgbouncer]: what operations cost the parts of two message pods, in microseconds of CPU and bytes, as JSON for
// scripts/scaling/measured.json. Takes about two minutes.
import { setTimeout as sleep } from 'node:timers/promises'
import { startReplicas } from '../../tests/support/replicas.js'
import { cpuUse, since } from '../bench/crowd/cpu-time.js'
import { makeCrowd } from '../bench/crowd/crowd.js'
import { makeRing } from '../bench/realtime/ring.js'

const people = 32
const pacedPerPerson = 30
const pacedPerSecond = 100
const warmPerPerson = 10
const fullPerPerson = 60
const users = 4_000
/** A pod says every 20 s that it lives, and looks after mailboxes every 10 s. */
const idleSeconds = 20

const replicas = await startReplicas({ args: process.argv.slice(2) })
try {
  const names = ['message-1', 'message-2']
  const pods = names.map(name => replicas.service(name).url)
  const ring = await makeRing(replicas.url, pods.flatMap(url => [url, url]).toSorted(), people, 'one')
  const costOf = async (count: number, work: () => Promise<unknown>) => {
    const before = cpuUse(replicas, names)
    await work()
    const cpu = since(before, cpuUse(replicas, names))
    const each = (us: number) => Number((us / count).toPrecision(3))
    const { podsUs, redisUs, postgresUs, poolerUs } = cpu
    return { podUs: each(podsUs), redisUs: each(redisUs), postgresUs: each(postgresUs), poolerUs: each(poolerUs) }
  }
  const walBytes = async () =>
    Number((await replicas.sql<{ lsn: string }>("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS lsn"))[0]?.lsn)
  const bytesOf = async (table: string) => {
    const [row] = await replicas.sql<{ bytes: string; rows: string }>(
      `SELECT pg_total_relation_size('message.${table}') AS bytes, (SELECT count(*) FROM message.${table}) AS rows`,
    )
    return Math.round(Number(row?.bytes) / Number(row?.rows))
  }
  await ring.seal(warmPerPerson)
  await ring.closedLoop()
  await ring.seal(fullPerPerson)
  const walBefore = await walBytes()
  const full = await costOf(people * fullPerPerson, () => ring.closedLoop())
  const walEach = Math.round(((await walBytes()) - walBefore) / (people * fullPerPerson))
  await ring.seal(pacedPerPerson)
  const paced = await costOf(people * pacedPerPerson, () => ring.paced(pacedPerSecond))
  const crowd = await makeCrowd(replicas, pods, users)
  const opened = await costOf(users, () => crowd.resize(users))
  const idle = await costOf(users * idleSeconds, () => sleep(idleSeconds * 1_000))
  crowd.check()
  const figures = {
    'send, each person one at a time': full,
    'send, 100 a second': paced,
    'socket opened': opened,
    'idle user, each second': idle,
    bytes: { wal: walEach, sent: await bytesOf('sent'), seen: await bytesOf('seen') },
  }
  console.log(JSON.stringify(figures, null, 2))
  await crowd.resize(0)
  ring.close()
} finally {
  await replicas.stop()
}
