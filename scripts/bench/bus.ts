// npm run bench:bus: two ways for a hint to find the pod with the user's sockets, at 1, 4 and 16 pods. Prints a table.
import { setTimeout as pause } from 'node:timers/promises'
import { newId } from '@qsm/server-kit'
import { startRedis } from '../../tests/support/redis.js'
import { cpuOfTree } from './processes.js'
import { percentile } from './realtime/figures.js'
import { hashedChannels, type MakeCarrier, routingTable } from './realtime/hint-carriers.js'
import { median } from './suite/spread.js'

const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const measuredMs = 4_000
const tickMs = 10
const hintsPerTick = 10
const carriers = { 'hashed channels': hashedChannels, 'routing table': routingTable }

interface Sample {
  readonly nodeUs: number
  readonly redisUs: number
  readonly p99Ms: number
}

/** All pods in this process, each with `usersPerPod` users; 1 000 hints a second from any pod to any user. */
const measure = async (make: MakeCarrier, pods: number, usersPerPod: number): Promise<Sample> => {
  const redis = await startRedis()
  const begun: number[] = []
  const latencies: number[] = []
  const owners = new Map<string, number>()
  const made = Array.from({ length: pods }, (_, pod) =>
    make(redis.url, (userId, number) => {
      // A pod may hear of users that it does not have.
      if (owners.get(userId) === pod) latencies.push(performance.now() - (begun[number] ?? 0))
    }),
  )
  for (const [pod, carrier] of made.entries()) {
    for (let user = 0; user < usersPerPod; user += 1) {
      const userId = newId()
      owners.set(userId, pod)
      carrier.want(userId)
    }
  }
  await pause(2_000)
  const users = [...owners.keys()]
  const cpu = () => ({ own: process.cpuUsage(), redis: cpuOfTree(redis.pid) })
  const before = cpu()
  for (let tick = 0; tick < measuredMs / tickMs; tick += 1) {
    for (let at = 0; at < hintsPerTick; at += 1) {
      begun.push(performance.now())
      const number = begun.length - 1
      made[number % pods]?.publish(users[Math.floor(Math.random() * users.length)] ?? '', number)
    }
    await pause(tickMs)
  }
  await pause(500)
  const after = cpu()
  for (const carrier of made) await carrier.close()
  await redis.kill()
  if (latencies.length !== begun.length) throw new Error(`${begun.length} hints, but ${latencies.length} arrived`)
  const own = after.own.user + after.own.system - before.own.user - before.own.system
  const redisMs = after.redis - before.redis
  return { nodeUs: own / begun.length, redisUs: (redisMs * 1000) / begun.length, p99Ms: percentile(latencies, 99) }
}

console.log(
  '| Pods | Users each | Way | Node µs a hint, all pods | Redis µs a hint | p99 ms |\n|---|---|---|---|---|---|',
)
for (const pods of [1, 4, 16]) {
  for (const usersPerPod of [50, 2_000]) {
    const samples: Record<string, Sample[]> = {}
    for (let round = 0; round < rounds; round += 1) {
      const entries = Object.entries(carriers)
      for (const [name, make] of round % 2 === 0 ? entries : entries.toReversed()) {
        samples[name] = [...(samples[name] ?? []), await measure(make, pods, usersPerPod)]
      }
    }
    for (const [name, all] of Object.entries(samples)) {
      const of = (part: keyof Sample) => median(all.map(sample => sample[part])).toFixed(1)
      console.log(`| ${pods} | ${usersPerPod} | ${name} | ${of('nodeUs')} | ${of('redisUs')} | ${of('p99Ms')} |`)
    }
  }
}
