// npm run bench:realtime: sends between two pods beside one process, memory of idle sockets. Prints tables; asserts nothing.
import { cpus } from 'node:os'
import { startReplicas } from '../../tests/support/replicas.js'
import { logIn } from './people.js'
import { measureAcrossPods } from './realtime/across-pods.js'
import { measureIdleSockets } from './realtime/idle-sockets.js'

const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const idleCounts = (process.env.BENCH_SOCKETS ?? '2000,9000').split(',').map(Number)
const say = (text: string) => console.error(text)

console.log(`${rounds} rounds, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`)

say('two pods start')
// Some few people hold all the idle sockets.
const replicas = await startReplicas({ environment: { MAX_SOCKETS_PER_USER: '1000' } })
try {
  const durable = await measureAcrossPods(replicas, rounds, say)
  console.log(
    '| Durable send to delivery | p50 ms at 300/s | p99 ms at 300/s | CPU ms each | Messages/s at most |\n|---|---|---|---|---|',
  )
  for (const [name, figures] of Object.entries(durable)) {
    const { p50Ms, p99Ms, cpuMs, perSecond } = figures
    console.log(
      `| ${name} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} | ${cpuMs.toFixed(2)} | ${perSecond.toFixed(0)} |`,
    )
  }
  console.log(
    `\nacross pods: ${(durable['two pods'].p99Ms / durable['one process'].p99Ms).toFixed(2)} × the p99 of one process\n`,
  )

  const tokens = []
  for (let at = 0; at < 32; at += 1) tokens.push(await logIn(replicas.url, `two-${at}`))
  const { url, pid } = replicas.service('message-1')
  for (const { count, kibEach } of await measureIdleSockets({ url, pid, tokens }, idleCounts)) {
    console.log(`${count} idle sockets on one pod: ${kibEach.toFixed(1)} KiB of resident memory each`)
  }
} finally {
  await replicas.stop()
}
