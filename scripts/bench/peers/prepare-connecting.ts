import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender, Prepared, Setting } from '../suite/bench.js'
import { buildLoadGenerator, type LoadGenerator, type LoadSample } from './load-generator.js'
import { startPeers } from './peer.js'

/**
 * Other systems (their folders by the name of the contender) that are started afresh for each sample and get `count`
 * authenticated sockets, by the generator that is not Node, which holds them for `heldMs` before memory is read. Where `warm` is
 * given, so many sockets come and go before, and the system then rests for `heldMs`.
 */
export const prepareConnecting = async (
  { peers: folder, say }: Pick<Setting, 'peers' | 'say'>,
  folders: Readonly<Record<string, string>>,
  { count, heldMs, warm = 0 }: { readonly count: number; readonly heldMs: number; readonly warm?: number },
  valuesOf: (sample: LoadSample) => Readonly<Record<string, number>>,
): Promise<Prepared> => {
  const without = (why: string): Prepared => {
    const notRun = Object.keys(folders).map(name => ({ name, why }))
    return { contenders: [], notRun, stop: async () => {} }
  }
  if (!folder) return without('BENCH_PEERS names no folder that has it')
  let generator: LoadGenerator
  try {
    generator = await buildLoadGenerator(folder)
  } catch (error) {
    return without(`the load generator could not be built: ${error instanceof Error ? error.message : error}`)
  }
  const started = await startPeers(folder, Object.values(folders), say)
  const contenders: Contender[] = []
  const notRun: { name: string; why: string }[] = []
  for (const [name, peerName] of Object.entries(folders)) {
    const peer = started.peers.find(one => one.name === peerName)
    if (!peer) {
      notRun.push({ name, why: started.notRun.find(one => one.name === peerName)?.why ?? 'it did not start' })
      continue
    }
    const measure = async () => {
      await peer.restart()
      if (warm > 0) {
        await generator.measure(`connect -n ${warm} -time 1`, peer)
        await sleep(heldMs)
      }
      return valuesOf(await generator.measure(`connect -n ${count} -time ${heldMs / 1_000}`, peer))
    }
    contenders.push({ name, measure })
  }
  const stop = async () => {
    generator.stop()
    await started.stop()
  }
  return { contenders, notRun, stop }
}
