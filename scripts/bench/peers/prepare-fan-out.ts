import type { Contender, Metric, Prepared, Setting } from '../suite/bench.js'
import type { CrowdProgram } from './crowd/programs.js'
import { buildLoadGenerator, type LoadGenerator, type LoadSample, type Target } from './load-generator.js'
import { startPeers } from './peer.js'

/** What one sample drives: arguments of the load generator without its mode, and what its metrics are called by. */
export interface FanOutLoad {
  readonly args: string
  /** Such as " at 9 000"; empty where there is one load. */
  readonly suffix: string
}

export interface FanOut {
  readonly loads: readonly FanOutLoad[]
  /** Programs of our own by the name of the contender; "qsm" comes first. */
  readonly programs: Readonly<Record<string, () => Promise<CrowdProgram>>>
  /** Folders of other systems by the name of the contender. */
  readonly peers: Readonly<Record<string, string>>
  readonly absent?: Prepared['notRun']
}

type Gates = Readonly<Record<string, number>>

/** The three metrics of a load, with the ratios that are wanted. */
export const fanOutMetrics = (suffix: string, gates: { cpu?: Gates; rate?: Gates; p99?: Gates }): readonly Metric[] => [
  { name: `server CPU${suffix}`, unit: 'µs each', better: 'lower', gates: gates.cpu ?? {} },
  { name: `deliveries${suffix}`, unit: 'per s', better: 'higher', gates: gates.rate ?? {} },
  { name: `p99${suffix}`, unit: 'ms', better: 'lower', gates: gates.p99 ?? {} },
]

const valuesOf = (suffix: string, sample: LoadSample): Record<string, number> => ({
  [`server CPU${suffix}`]: sample.server_us_per_op,
  [`deliveries${suffix}`]: sample.deliveries_per_s ?? Number.NaN,
  [`p99${suffix}`]: sample.latency_ms?.p99 ?? Number.NaN,
})

const contenderOf = (
  name: string,
  target: Target,
  generator: LoadGenerator,
  loads: readonly FanOutLoad[],
): Contender => ({
  name,
  async measure() {
    const values: Record<string, number> = {}
    for (const { args, suffix } of loads)
      Object.assign(values, valuesOf(suffix, await generator.measure(`fanout ${args}`, target)))
    return values
  },
})

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Starts all contenders of a fan-out. Without the load generator, which comes with the other systems, none is run. */
export const prepareFanOut = async (
  { peers: folder, say }: Setting,
  { loads, programs, peers, absent = [] }: FanOut,
): Promise<Prepared> => {
  const all = [...Object.keys(programs), ...Object.keys(peers)]
  const without = (why: string): Prepared => ({
    contenders: [],
    notRun: [...all.map(name => ({ name, why })), ...absent],
    stop: async () => {},
  })
  if (!folder) return without('BENCH_PEERS names no folder with the load generator')
  let generator: LoadGenerator
  try {
    generator = await buildLoadGenerator(folder)
  } catch (error) {
    return without(`the load generator could not be built: ${reason(error)}`)
  }
  const contenders: Contender[] = []
  const running: CrowdProgram[] = []
  const notRun = [...absent]
  for (const [name, start] of Object.entries(programs)) {
    say(`  starts ${name}`)
    try {
      const program = await start()
      running.push(program)
      contenders.push(contenderOf(name, program, generator, loads))
    } catch (error) {
      notRun.push({ name, why: reason(error) })
    }
  }
  const started = await startPeers(folder, Object.values(peers), say)
  for (const [name, peerName] of Object.entries(peers)) {
    const peer = started.peers.find(one => one.name === peerName)
    if (peer) contenders.push(contenderOf(name, peer, generator, loads))
    else notRun.push({ name, why: started.notRun.find(one => one.name === peerName)?.why ?? 'it did not start' })
  }
  return {
    contenders,
    notRun,
    async stop() {
      generator.stop()
      for (const program of running) await program.stop()
      await started.stop()
    },
  }
}
