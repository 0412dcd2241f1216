import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startRedis } from '../../../tests/support/redis.js'
import { startProgram, stopProgram } from '../processes.js'

/** The folder with other systems and the load generator that drives all of them. */
const peersFolder = process.env.BENCH_PEERS ?? fileURLToPath(new URL('../../../../shared/peers', import.meta.url))
const compare = join(peersFolder, 'compare')
const scenario = fileURLToPath(new URL('transport.json', import.meta.url))
const pod = fileURLToPath(new URL('transport-pod.ts', import.meta.url))
/** All servers share this core; the generator has the last one. */
const serverCore = '0'

export interface Contender {
  readonly per_s: number
  readonly server_us: number
  readonly p99_ms: number
  /** Theirs over ours. */
  readonly us_ratio?: { readonly median: number; readonly min: number; readonly max: number }
}

export interface FanOut {
  readonly what: string
  readonly contenders: Readonly<Record<string, Contender>>
}

const startPod = async (redisUrl: string) => {
  const args = ['--conditions=qsm-source', '--import', 'tsx', pod, '0', redisUrl]
  const { child, said } = await startProgram(args, {}, /listening on \d+/)
  await promisify(execFile)('taskset', ['-acp', serverCore, String(child.pid)])
  return { child, url: `ws://127.0.0.1:${/listening on (\d+)/.exec(said)?.[1]}` }
}

/** Null where the other systems are not there. */
export const measureFanOut = async (rounds: number, say: (text: string) => void): Promise<readonly FanOut[] | null> => {
  if (!existsSync(compare)) return null
  const folder = mkdtempSync(join(tmpdir(), 'qsm-bench-'))
  const result = join(folder, 'result.json')
  const redis = await startRedis()
  await promisify(execFile)('taskset', ['-acp', serverCore, String(redis.pid)])
  const pods = [await startPod(''), await startPod(redis.url), await startPod(redis.url)] as const
  try {
    const env = {
      ...process.env,
      TRANSPORT_WS: pods[0].url,
      TRANSPORT_WS_1: pods[1].url,
      TRANSPORT_WS_2: pods[2].url,
      QSM_SCENARIO: scenario,
      QSM_PIDS: [...pods.map(({ child }) => child.pid), redis.pid].join(),
    }
    const args = ['--rows', 'fanout,paced,pair', '--peers', 'centrifuge,socketio,nats,qsm']
    await new Promise<void>((resolve, reject) => {
      const child = spawn(compare, [...args, '--rounds', String(rounds), '--json', result], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      child.stderr.on('data', data => say(String(data).trimEnd()))
      child.once('error', reject)
      child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`${compare} ended with ${code}`))))
    })
    return Object.values((JSON.parse(readFileSync(result, 'utf8')) as { rows: Record<string, FanOut> }).rows)
  } finally {
    for (const { child } of pods) await stopProgram(child)
    await redis.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}
