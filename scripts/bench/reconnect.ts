// npm run bench:reconnect: 2 000 sockets on two pods are cut at once and come back to 20 missed messages each, while other
// people go on. Prints a table; asserts nothing.
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { startReplicas } from '../../tests/support/replicas.js'
import { percentile } from './realtime/figures.js'
import { makeIdleDevices, missMessages } from './realtime/idle-devices.js'
import { openAll } from './realtime/reconnecting.js'
import { makeRing } from './realtime/ring.js'

const sockets = Number(process.env.BENCH_SOCKETS ?? 2_000)
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const missed = 20
const others = 16
const perSecond = 100
const secondsBefore = 10
/** How long the others go on, in seconds; what they wait for is told of the time until all have caught up. */
const secondsMeanwhile = 15
const awayMs = 3_000
const say = (text: string) => console.error(text)
const seconds = (ms: number) => (ms / 1_000).toFixed(1)

console.log(
  `${sockets} sockets, ${missed} missed messages each, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`,
)
const replicas = await startReplicas()
try {
  say(`${sockets} devices and ${others} other people are made`)
  const pods = ['message-1', 'message-2'].map(name => replicas.service(name).url)
  const ring = await makeRing(replicas.url, pods, others, 'other')
  const devices = await makeIdleDevices(replicas, sockets, 'idle')
  const crowd = await openAll(replicas.url, devices)
  console.log(
    '| Round | Half / all caught up, s | Attempts that failed | Others before: p50 / p99 ms | Others meanwhile: p50 / p99 ms |',
  )
  console.log('|---|---|---|---|---|')
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`)
    await ring.seal(Math.ceil((secondsBefore * perSecond) / others))
    await sleep(awayMs)
    const before = await ring.paced(perSecond)
    await ring.seal(Math.ceil((secondsMeanwhile * perSecond) / others))
    crowd.cut()
    await sleep(awayMs)
    await missMessages(replicas, devices, missed)
    await sleep(awayMs)
    const [storm, all] = await Promise.all([crowd.comeBack(missed), ring.paced(perSecond)])
    const lastMs = Math.max(...storm.caughtUpMs)
    const meanwhile = all.slice(0, Math.ceil((lastMs / 1_000) * perSecond))
    const both = (values: readonly number[]) => [50, 99].map(at => percentile(values, at).toFixed(1)).join(' / ')
    const cells = [
      `${seconds(percentile(storm.caughtUpMs, 50))} / ${seconds(lastMs)}`,
      storm.failures,
      both(before),
      both(meanwhile),
    ]
    console.log(`| ${round} | ${cells.join(' | ')} |`)
  }
  ring.close()
  crowd.cut()
} finally {
  await replicas.stop()
}
