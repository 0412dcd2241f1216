import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { peersEnvironment, peersHome } from './environment.js'
import type { Target } from './load-generator.js'
import { runCommand } from './run-command.js'

/** Another system that runs. */
export interface Peer extends Target {
  readonly name: string
  /** A process that gives memory back to nobody yet. */
  restart(): Promise<void>
}

export interface StartedPeers {
  readonly peers: readonly Peer[]
  readonly notRun: readonly { readonly name: string; readonly why: string }[]
  stop(): Promise<void>
}

/** Every process that works for it now, also PostgreSQL and Redis. */
const pidsOf = (name: string): readonly number[] => {
  const folder = join(peersHome, 'run', name)
  const own = readdirSync(folder)
    .filter(file => file.endsWith('.pid'))
    .map(file => Number.parseInt(readFileSync(join(folder, file), 'utf8'), 10))
  const uses = join(folder, 'uses')
  const shared = existsSync(uses) ? readFileSync(uses, 'utf8').trim().split(' ') : []
  return [...own, ...shared.flatMap(pidsOf)]
}

/**
 * Installs and starts these systems of the folder that BENCH_PEERS names ("nats", "socketio", …). One that cannot be started is
 * in `notRun`, and all are where there is no folder.
 */
export const startPeers = async (
  folder: string | undefined,
  names: readonly string[],
  say: (text: string) => void,
): Promise<StartedPeers> => {
  if (!folder) {
    const notRun = names.map(name => ({ name, why: 'BENCH_PEERS names no folder that has it' }))
    return { peers: [], notRun, stop: async () => {} }
  }
  const env = peersEnvironment(folder)
  const script = async (name: string, what: 'install' | 'start' | 'stop') => {
    await runCommand(join(folder, 'peers', name, what), [], { env, timeoutMs: 900_000 })
  }
  const peers: Peer[] = []
  const notRun: { name: string; why: string }[] = []
  for (const name of names) {
    say(`  starts ${name}`)
    try {
      await script(name, 'install')
      await script(name, 'start')
      peers.push({
        name,
        scenario: join(folder, 'loadgen/scenarios', `${name}.json`),
        pids: () => pidsOf(name),
        async restart() {
          await script(name, 'stop')
          await script(name, 'start')
        },
      })
    } catch (error) {
      notRun.push({ name, why: error instanceof Error ? error.message : String(error) })
    }
  }
  return {
    peers,
    notRun,
    async stop() {
      for (const name of [...names, 'postgres', 'redis']) await script(name, 'stop').catch(() => undefined)
    },
  }
}
