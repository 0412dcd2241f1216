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

const downAfterMs = 1_000
const knowsReplicaMs = 30_000

/** A sentinel that alone decides; resolves when it knows that the master of this port has a replica. */
export const startSentinel = async (name: string, masterPort: number): Promise<Sentinel> => {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'qsm-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} 5000`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
  const replicas = () =>
    spawnSync('redis-cli', ['-p', String(port), 'SENTINEL', 'replicas', name], { encoding: 'utf8' }).stdout
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
