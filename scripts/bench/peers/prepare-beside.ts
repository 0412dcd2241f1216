import type { Contender, Prepared, Setting } from '../suite/bench.js'
import { untilResting, whileOthersHoldStill } from './hold-still.js'
import { buildLoadGenerator, type LoadGenerator, type Target } from './load-generator.js'
import { type Peer, startPeers } from './peer.js'
import { type QsmTarget, startQsmBeside } from './start-qsm.js'

type Values = Readonly<Record<string, number>>

export interface Beside {
  /** Folders of other systems by the name of the contender. */
  readonly peers: Readonly<Record<string, string>>
  /** What is made once on the server of QSM; gives its measure of a round. */
  readonly own: (qsm: QsmTarget, generator: LoadGenerator) => Promise<() => Promise<Values>>
  readonly other: (peer: Peer, generator: LoadGenerator) => Promise<Values>
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error))

/**
 * Starts QSM, one process, and other systems, which stand still while another one is measured. Without the load generator, which
 * comes with these, none is run.
 */
export const prepareBeside = async (
  { peers: folder, folder: temporary, say }: Setting,
  { peers, own, other }: Beside,
): Promise<Prepared> => {
  const without = (why: string): Prepared => ({
    contenders: [],
    notRun: ['qsm', ...Object.keys(peers)].map(name => ({ name, why })),
    stop: async () => {},
  })
  if (!folder) return without('BENCH_PEERS names no folder with the load generator')
  const stops: (() => unknown)[] = []
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    const generator = await buildLoadGenerator(folder).catch(error => reason(error))
    if (typeof generator === 'string') return without(`the load generator could not be built: ${generator}`)
    const qsm = await startQsmBeside(temporary)
    stops.push(() => qsm.stop())
    const measureOwn = await own(qsm, generator)
    const started = await startPeers(folder, Object.values(peers), say)
    stops.push(
      () => started.stop(),
      () => generator.stop(),
    )
    const apart = (target: Target, measure: () => Promise<Values>): Contender['measure'] => {
      const others = started.peers.filter(one => one !== target)
      return () =>
        whileOthersHoldStill(target, others, async () => {
          const values = await measure()
          await untilResting(target)
          return values
        })
    }
    const contenders: Contender[] = [{ name: 'qsm', measure: apart(qsm, measureOwn) }]
    for (const [name, peerName] of Object.entries(peers)) {
      const peer = started.peers.find(one => one.name === peerName)
      if (peer) contenders.push({ name, measure: apart(peer, () => other(peer, generator)) })
    }
    const nameOf = (peerName: string) => Object.keys(peers).find(name => peers[name] === peerName) ?? peerName
    return { contenders, notRun: started.notRun.map(({ name, why }) => ({ name: nameOf(name), why })), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
