import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedPostgres } from '../../../services/standalone/src/embedded-postgres/start.js'
import { loadAlgorithms } from '../people.js'
import { residentBytes, stopProgram } from '../processes.js'
import { startQsm } from '../qsm-server.js'
import { makeThinPeople } from '../thin/thin-people.js'
import { openIdleSockets } from './b13-soak/idle-sockets.js'
import { readLoopDelay, watchedBy } from './b13-soak/loop-delay.js'
import { paced } from './b13-soak/paced.js'
import { openSigning } from './b13-soak/signing.js'
import { type Point, slopeOf } from './b13-soak/slope.js'
import { openTexts } from './b13-soak/texts.js'
import type { Bench, Prepared } from './bench.js'

const minutes = Number(process.env.BENCH_SOAK_MINUTES ?? 3)
const [writers, thinPeople, textsPerSecond, shareOfCeiling] = [8, 64, 40, 0.8]
const ceilingMs = 3_000
const [delay, growth, slope] = ['event-loop delay p99', 'RSS slope beyond its noise', 'RSS slope'] as const
const [texts, signatures] = ['messages delivered', 'signatures'] as const
/** A ratio needs more than 0. */
const nothing = 0.01

const prepare: Bench['prepare'] = async ({ folder, rounds, say }): Promise<Prepared> => {
  const ends: (() => Promise<void> | void)[] = []
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
    ends.push(() => postgres.stop())
    const file = join(folder, 'loop-delay.json')
    const limits = { QUANTUM_SIGNS_PER_MINUTE: '100000', QUANTUM_CALLS_PER_MINUTE: '1000000' }
    // Nobody here refreshes a token: those of the beginning must last to the end.
    const tokens = { TOKEN_EXPIRE_MINUTES: String(Math.ceil(minutes) + 15) }
    const qsm = await startQsm(postgres.url, folder, { ...limits, ...tokens, ...watchedBy(file) })
    ends.push(() => stopProgram(qsm.child))
    const pid = qsm.child.pid ?? 0
    say(`  ${writers} people with end-to-end devices and ${thinPeople} thin ones register and connect`)
    const ring = await openTexts(qsm, await loadAlgorithms(), writers)
    ends.push(() => ring.close())
    const people = await makeThinPeople(qsm, thinPeople)
    const idle = await openIdleSockets(
      qsm,
      people.map(({ token }) => token),
    )
    ends.push(() => idle.close())
    const signing = openSigning(qsm, people.slice(0, 32))
    ends.push(() => signing.close())
    const perSecond = shareOfCeiling * (await signing.ceiling(ceilingMs))
    say(
      `  signing reaches ${Math.round(perSecond / shareOfCeiling)} a second; the soak asks for ${Math.round(perSecond)}`,
    )
    const memory: Point[] = []

    const measure = async (round: number) => {
      if (round === 1) memory.length = 0 // The round before warmed up.
      await readLoopDelay(pid, file)
      const begunMs = performance.now()
      const endMs = begunMs + (minutes * 60_000) / (rounds + 1)
      const watchMemory = async () => {
        for (; performance.now() < endMs; await sleep(1_000)) {
          memory.push([performance.now() / 3_600_000, residentBytes(pid) / 2 ** 20])
        }
      }
      const [sent, signed] = await Promise.all([
        paced(textsPerSecond, endMs, ring.send),
        paced(perSecond, endMs, signing.sign),
        paced((thinPeople + writers) / 100, endMs, idle.replace),
        watchMemory(),
      ])
      const { p99 } = await readLoopDelay(pid, file)
      const seconds = (performance.now() - begunMs) / 1_000
      await ring.allReceived()
      const line = slopeOf(memory)
      return {
        [delay]: p99,
        [growth]: Math.max(nothing, line.slope - 2 * line.error),
        [slope]: line.slope,
        [texts]: sent / seconds,
        [signatures]: signed / seconds,
      }
    }
    return { contenders: [{ name: 'qsm', measure }], notRun: [], stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Everything at once, for minutes. */
export const bench: Bench = {
  id: 'B13',
  title: 'Soak',
  about: `All at once for BENCH_SOAK_MINUTES (3 when unset, 30 for a claim) over all rounds: ${textsPerSecond} end-to-end texts a second over sockets, signing by the quantum service at 80 % of the ceiling measured before, ${thinPeople} further sockets of which 1 % a second is closed and opened anew, so that presence is told. The delay of the server's event loop by a timer of 1 ms, which is taken off; the slope of its resident memory over all rounds but the first, and by how much it is more than twice its standard error. A message lost or doubled makes the sample void.`,
  metrics: [
    { name: delay, unit: 'ms', better: 'lower', limit: 10 },
    { name: growth, unit: 'MiB/h', better: 'lower', limit: 1 },
    { name: slope, unit: 'MiB/h', better: 'lower' },
    { name: texts, unit: 'per s', better: 'higher' },
    { name: signatures, unit: 'per s', better: 'higher' },
  ],
  prepare,
}
