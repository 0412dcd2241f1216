import { execFileSync } from 'node:child_process'
import { cpus, homedir } from 'node:os'
import { join } from 'node:path'

const cores = cpus().length

/** Where the servers of all contenders run: all cores but the last, which the load generator has. */
export const serverCores = cores > 2 ? `0-${cores - 2}` : '0'
export const generatorCore = String(cores - 1)

/** Where the other systems are installed, run and keep their data. */
export const peersHome =
  process.env.PEERS_HOME ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'qsm-peers')

/** The ports and the secret of the other systems, with what their scripts need; scenarios name them as `${NAME}`. */
export const peersEnvironment = (folder: string): Readonly<Record<string, string>> => {
  const script = 'set -a; . "$0"; env'
  const said = execFileSync('bash', ['-c', script, join(folder, 'peers/ports.env')], { encoding: 'utf8' })
  const ports = said.split('\n').flatMap(line => {
    const [, name, value] = /^(\w+_PORT|PEERS_SECRET)=(.*)/.exec(line) ?? []
    return name ? [[name, value ?? '']] : []
  })
  return { ...process.env, ...Object.fromEntries(ports), PEERS_HOME: peersHome, PEERS_CPUS: serverCores }
}
