import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startReplicas } from '../../../tests/support/replicas.js'
import { type CpuUse, cpuUse, since } from '../crowd/cpu-time.js'
import { makeCrowd } from '../crowd/crowd.js'
import { makeRing, type Ring } from '../realtime/ring.js'
import { drawCurves } from './b12-scaling/draw-curves.js'
import { hintsAlone } from './b12-scaling/hints-alone.js'
import type { Bench, Metric, Prepared, Setting } from './bench.js'
import { median } from './spread.js'

const podCounts = [1, 2, 4] as const
const userCounts = [1_000, 4_000, 16_000] as const
const people = 32
/** Messages a second of each user: 1.7 in a minute. */
const perUserPerSecond = 0.02
const perPodPerSecond = 100
const podsSeconds = 8
/** A pod says three times a minute that it lives, and looks after mailboxes each 10 s: a window has both. */
const windowSeconds = 20
const fullRatePerPerson = 60
const crowdPods = 2
const growthLimit = 1.1

/** Each ordered pair of pods stands as often beside each other as any: a neighbour is on the same pod in 1 of N. */
const placements: Readonly<Record<(typeof podCounts)[number], string>> = { 1: '1', 2: '1122', 4: '1121314223243344' }
const namesOf = (pods: (typeof podCounts)[number]) => [...placements[pods]].map(digit => `message-${digit}`)

/** Fewer share a packet at the first: about 8 in 10 ms between two pods. */
const hintRates = [10_000, 50_000] as const
const redisAlone = (hintsPerSecond: number) => `Redis CPU of a hint, 4 pods, ${hintsPerSecond} hints/s alone`
const perDelivery = (what: string): Metric => ({ name: `CPU each, ${what}`, unit: 'µs', better: 'lower' })
const metrics: readonly Metric[] = [
  ...podCounts.map(pods => perDelivery(`${pods} pods`)),
  { name: 'growth by a doubling of pods', unit: '×', better: 'lower', limit: growthLimit },
  ...userCounts.map(users => perDelivery(`${users} users`)),
  { name: 'growth by a doubling of users', unit: '×', better: 'lower', limit: growthLimit },
  { name: 'Redis CPU each, 4 pods paced', unit: 'µs', better: 'lower' },
  { name: 'Redis CPU each, 4 pods at full rate', unit: 'µs', better: 'lower', limit: 1.5 },
  ...hintRates.map((rate): Metric => ({ name: redisAlone(rate), unit: 'µs', better: 'lower', limit: 1.5 })),
  ...[userCounts[0], userCounts[2]].map((users): Metric => {
    return { name: `CPU of an idle user, ${users} users`, unit: 'µs/s', better: 'lower' }
  }),
  { name: 'CPU of an idle user, 16 000 over 1 000', unit: '×', better: 'lower', limit: 1.1 },
]

const sum = (cpu: CpuUse) => cpu.podsUs + cpu.redisUs + cpu.postgresUs + cpu.poolerUs

/** Writes docs/benchmarks-scaling.svg from the medians of the rounds. */
const writeCurves = (rounds: readonly Readonly<Record<string, number>>[]): void => {
  const medianOf = (name: string) => median(rounds.map(round => round[name] ?? 0))
  const curve = (counts: readonly number[], what: string, title: string) => ({
    title,
    points: counts.map(count => ({ label: `${count}`, us: medianOf(`CPU each, ${count} ${what}`) })),
  })
  const curves = [
    curve(podCounts, 'pods', `message pods, ${perPodPerSecond} messages/s for each`),
    curve(userCounts, 'users', `users on ${crowdPods} pods, ${perUserPerSecond} messages/s of each`),
  ]
  const file = fileURLToPath(new URL('../../../docs/benchmarks-scaling.svg', import.meta.url))
  writeFileSync(file, drawCurves(curves, growthLimit, [1, 2]))
}

const prepare = async ({ say, write }: Setting): Promise<Prepared> => {
  const replicas = await startReplicas({ args: ['--message-pods', '4'] })
  try {
    const urlOf = (name: string) => replicas.service(name).url
    say('people and users are made')
    const rings = new Map<number, Ring>()
    for (const pods of podCounts) {
      rings.set(pods, await makeRing(replicas.url, namesOf(pods).map(urlOf), people, `ring-${pods}`))
    }
    const ringOf = (pods: number) => rings.get(pods) as Ring
    const holders = ['message-1', 'message-2']
    const crowd = await makeCrowd(replicas, holders.map(urlOf), Math.max(...userCounts))
    const used = async (pods: readonly string[], work: () => Promise<unknown>): Promise<CpuUse> => {
      const before = cpuUse(replicas, pods)
      await work()
      return since(before, cpuUse(replicas, pods))
    }

    const atPods = async (pods: (typeof podCounts)[number]) => {
      const perSecond = pods * perPodPerSecond
      const each = Math.ceil((perSecond * podsSeconds) / people)
      await ringOf(pods).seal(each)
      const cpu = await used([...new Set(namesOf(pods))], () => ringOf(pods).paced(perSecond))
      return { all: sum(cpu) / (each * people), redis: cpu.redisUs / (each * people) }
    }
    const atUsers = async (users: number) => {
      await crowd.resize(users)
      const perSecond = users * perUserPerSecond
      const each = Math.ceil((perSecond * windowSeconds) / people)
      await ringOf(crowdPods).seal(each)
      const cpu = await used(holders, () => ringOf(crowdPods).paced(perSecond))
      crowd.check()
      return sum(cpu) / (each * people)
    }
    const idle = async (users: number) =>
      sum(await used(holders, () => sleep(windowSeconds * 1_000))) / users / windowSeconds

    const rounds: Record<string, number>[] = []
    const measure = async (round: number) => {
      const values: Record<string, number> = {}
      for (const pods of podCounts) {
        const { all, redis } = await atPods(pods)
        values[`CPU each, ${pods} pods`] = all
        if (pods === 4) values['Redis CPU each, 4 pods paced'] = redis
      }
      await ringOf(4).seal(fullRatePerPerson)
      const full = await used(['message-1'], () => ringOf(4).closedLoop())
      values['Redis CPU each, 4 pods at full rate'] = full.redisUs / (fullRatePerPerson * people)
      for (const rate of hintRates) values[redisAlone(rate)] = await hintsAlone(rate)
      values['growth by a doubling of pods'] = Math.sqrt(
        (values['CPU each, 4 pods'] ?? 0) / (values['CPU each, 1 pods'] ?? 1),
      )
      if (round === 0) return values
      for (const users of userCounts) {
        values[`CPU each, ${users} users`] = await atUsers(users)
        if (users !== userCounts[1]) values[`CPU of an idle user, ${users} users`] = await idle(users)
      }
      await crowd.resize(0)
      const over = (name: (users: number) => string) => (values[name(16_000)] ?? 0) / (values[name(1_000)] ?? 1)
      values['growth by a doubling of users'] = over(users => `CPU each, ${users} users`) ** (1 / 4)
      values['CPU of an idle user, 16 000 over 1 000'] = over(users => `CPU of an idle user, ${users} users`)
      rounds.push(values)
      return values
    }
    return {
      contenders: [{ name: 'qsm', measure }],
      notRun: [],
      async stop() {
        if (rounds.length > 0 && write) writeCurves(rounds)
        await crowd.resize(0)
        for (const ring of rings.values()) ring.close()
        await replicas.stop()
      },
    }
  } catch (error) {
    await replicas.stop()
    throw error
  }
}

/** What a delivery costs where there are more pods, or more users. */
export const bench: Bench = {
  id: 'B12',
  title: 'Scaling curve',
  about: `CPU of all message pods in use, Redis and PostgreSQL for each durable delivery. Pods: ${people} people who send ${perPodPerSecond} messages a second for each pod, to one another on any pod alike. Users: so many sockets of one device each on ${crowdPods} pods, for each of which ${perUserPerSecond} messages a second are sent; devices, mailboxes and sessions of these are rows put in by SQL, their tokens are signed by the bench, and what is sent goes among ${people} real people. Hints alone: the bus of four pods in one process, with no message behind a hint; what comes in 10 ms is published together, so about 8 or 42 share a packet. Idle CPU is that of presence, pings and polling over ${windowSeconds} s. The load generator is not counted.`,
  metrics,
  prepare,
}
