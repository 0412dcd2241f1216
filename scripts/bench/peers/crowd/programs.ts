import { execFile, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startRedis } from '../../../../tests/support/redis.js'
import { stopProgram } from '../../processes.js'
import { serverCores } from '../environment.js'
import type { Target } from '../load-generator.js'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const scenario = here('crowd.json')
const viaTsx = ['--conditions=qsm-source', '--import', 'tsx']

/** A program of this folder that runs. */
export interface CrowdProgram extends Target {
  stop(): Promise<void>
}

/** Starts a program on the cores of the servers; resolves with its port. */
const start = (program: string, args: readonly string[]) =>
  new Promise<{ readonly url: string; readonly pid: number; stop(): Promise<void> }>((resolve, reject) => {
    const child = spawn('taskset', ['-c', serverCores, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    const hear = (data: unknown) => {
      said += String(data)
      const port = /listening on (\d+)/.exec(said)?.[1]
      const stop = () => (child.exitCode === null ? stopProgram(child) : Promise.resolve())
      if (port) resolve({ url: `ws://127.0.0.1:${port}`, pid: child.pid ?? 0, stop })
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`${args.join(' ')} ended with ${code}: ${said.trim().split('\n')[0]}`)))
  })

const single = async (program: string, args: readonly string[]): Promise<CrowdProgram> => {
  const { url, pid, stop } = await start(program, args)
  return { scenario, pids: () => [pid], variables: { CROWD_WS: url, CROWD_WS_2: url }, stop }
}

/** QSM's socket and bus code: payloads of `bytes`, framed once for all sockets or for each by itself. */
export const startTransport = (bytes: number, way: 'once' | 'each' = 'once'): Promise<CrowdProgram> =>
  single(process.execPath, [...viaTsx, here('transport-pod.ts'), way, String(bytes)])

/** Two of them, which hear each other over a Redis of their own. */
export const startTransportPair = async (bytes: number): Promise<CrowdProgram> => {
  const redis = await startRedis()
  const pods: Awaited<ReturnType<typeof start>>[] = []
  const stop = async () => {
    for (const pod of pods) await pod.stop()
    await redis.close()
  }
  try {
    await promisify(execFile)('taskset', ['-acp', serverCores, String(redis.pid)])
    const args = [...viaTsx, here('transport-pod.ts'), 'once', String(bytes), redis.url]
    for (let count = 0; count < 2; count += 1) pods.push(await start(process.execPath, args))
  } catch (error) {
    await stop()
    throw error
  }
  const variables = { CROWD_WS: pods[0]?.url ?? '', CROWD_WS_2: pods[1]?.url ?? '' }
  return { scenario, pids: () => [...pods.map(({ pid }) => pid), redis.pid], variables, stop }
}

/** A bare program with `ws`, in two ways. */
export const startWs = (way: 'once' | 'each'): Promise<CrowdProgram> =>
  single(process.execPath, [...viaTsx, here('ws-crowd.ts'), way])

/** Bun, where BENCH_BUN names its program; it is no dependency of the project. */
export const startBun = (): Promise<CrowdProgram> => {
  const bun = process.env.BENCH_BUN
  if (!bun)
    throw new Error(
      'BENCH_BUN names no program: npm install --prefix FOLDER bun@latest, then FOLDER/node_modules/.bin/bun',
    )
  return single(bun, [here('bun-crowd.mjs')])
}
