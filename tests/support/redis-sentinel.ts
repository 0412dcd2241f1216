import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.js'

export interface Sentinel {
  /** `host:port` */
  readonly address: string
  close(): void
}

/** What a sentinel asks for: a password, of a user that is not `default` where one is named. */
export interface SentinelAccess {
  readonly user?: string
  readonly password: string
}

const accessLines = ({ user, password }: SentinelAccess): readonly string[] =>
  user ? ['user default off', `user ${user} on >${password} ~* &* +@all`] : [`requirepass ${password}`]

const downAfterMs = 1_000
const knowsReplicaMs = 30_000

/**
 * A sentinel that alone decides, and asks for what `access` says. Resolves when it knows that the master of this port has
 * a replica.
 */
export const startSentinel = async (name: string, masterPort: number, access?: SentinelAccess): Promise<Sentinel> => {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'qsm-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    ...(access ? accessLines(access) : []),
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} 5000`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
  const as = access?.user ? ['--user', access.user] : []
  const replicas = () =>
    spawnSync('redis-cli', [...as, '-p', String(port), 'SENTINEL', 'replicas', name], {
      encoding: 'utf8',
      env: { ...process.env, ...(access ? { REDISCLI_AUTH: access.password } : {}) },
    }).stdout
  for (const until = Date.now() + knowsReplicaMs; !/\bslave\b/.test(replicas()); await sleep(100)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error('the sentinel knows of no replica')
  }
  return {
    address: `127.0.0.1:${port}`,
    close() {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
