import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../../services/standalone/src/embedded-postgres/start.js'
import type { Replicas } from '../../../tests/support/replicas.js'
import { cpuOfTree, stopProgram } from '../processes.js'
import { startQsm } from '../qsm-server.js'
import { median } from '../suite/spread.js'
import { percentile } from './figures.js'
import { makeRing, type Ring } from './ring.js'

const people = 32
const perSecond = 300
const pacedPerPerson = 60
const closedPerPerson = 40

export interface DurableFigures {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly perSecond: number
  readonly cpuMs: number
}

interface Contender {
  readonly ring: Ring
  readonly pids: () => readonly number[]
  readonly samples: DurableFigures[]
}

const measure = async ({ ring, pids }: Contender): Promise<DurableFigures> => {
  const cpu = () => pids().reduce((sum, pid) => sum + cpuOfTree(pid), 0)
  await ring.seal(pacedPerPerson)
  const before = cpu()
  const latencies = await ring.paced(perSecond)
  const cpuMs = (cpu() - before) / latencies.length
  await ring.seal(closedPerPerson)
  const rate = await ring.closedLoop()
  return { p50Ms: percentile(latencies, 50), p99Ms: percentile(latencies, 99), perSecond: rate, cpuMs }
}

/**
 * Sends that are verified, stored, delivered and acknowledged: between two pods over Redis, and in one process. Medians over
 * the rounds; the first round is thrown away.
 */
export const measureAcrossPods = async (
  replicas: Replicas,
  rounds: number,
  say: (text: string) => void,
): Promise<Record<'one process' | 'two pods', DurableFigures>> => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-bench-'))
  say('one process starts')
  const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
  const qsm = await startQsm(postgres.url, folder)
  try {
    const pods = ['message-1', 'message-2'].map(name => replicas.service(name).url)
    const contenders: Record<'one process' | 'two pods', Contender> = {
      'one process': {
        ring: await makeRing(qsm.url, [qsm.url], people, 'one'),
        pids: () => [qsm.child.pid ?? 0, postgres.pid],
        samples: [],
      },
      'two pods': {
        ring: await makeRing(replicas.url, pods, people, 'two'),
        pids: () => replicas.lines.at(-1)?.services.map(({ pid }) => pid) ?? [],
        samples: [],
      },
    }
    const entries = Object.entries(contenders)
    for (let round = 0; round <= rounds; round += 1) {
      for (const [name, contender] of round % 2 === 0 ? entries : entries.toReversed()) {
        const sample = await measure(contender)
        if (round > 0) contender.samples.push(sample)
        say(
          `round ${round} of ${rounds}: ${name}: p50 ${sample.p50Ms.toFixed(1)} ms, p99 ${sample.p99Ms.toFixed(1)} ms at ${perSecond}/s; ${sample.perSecond.toFixed(0)}/s at most`,
        )
      }
    }
    for (const { ring } of Object.values(contenders)) ring.close()
    const figures = ({ samples }: Contender): DurableFigures => ({
      p50Ms: median(samples.map(sample => sample.p50Ms)),
      p99Ms: median(samples.map(sample => sample.p99Ms)),
      perSecond: median(samples.map(sample => sample.perSecond)),
      cpuMs: median(samples.map(sample => sample.cpuMs)),
    })
    return { 'one process': figures(contenders['one process']), 'two pods': figures(contenders['two pods']) }
  } finally {
    await stopProgram(qsm.child)
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
