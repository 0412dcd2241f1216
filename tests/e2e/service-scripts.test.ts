import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../support/free-port.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const nobody = 65_534

interface Running {
  readonly child: ChildProcess
  /** What it said so far. */
  said(): string
  says(text: string): Promise<void>
  readonly ended: Promise<{ code: number | null; said: string }>
}

let folder: string
let environment: Record<string, string>
let user: number | undefined

const run = (script: string, args: readonly string[] = [], more: Readonly<Record<string, string>> = {}): Running => {
  const child = spawn(join(root, script), args, {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', HOME: folder, ...environment, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(user === undefined ? {} : { uid: user, gid: user }),
  })
  let said = ''
  const keep = (data: unknown) => {
    said += String(data)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return {
    child,
    said: () => said,
    says: text => expect.poll(() => said, { timeout: 90_000, interval: 50 }).toContain(text),
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, said })),
  }
}
const start = (args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) =>
  run('start_services.sh', args, more)
const stop = () => run('stop_services.sh').ended

const health = async (port = environment.PORT): Promise<Record<string, unknown> | null> =>
  fetch(`http://127.0.0.1:${port}/api/health`).then(
    response => response.json() as Promise<Record<string, unknown>>,
    () => null,
  )
const pidIn = (name: string): number => Number(readFileSync(join(folder, 'logs', name), 'utf8').split('\n')[0])
const isRunning = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
const databaseRuns = (): boolean => {
  try {
    return isRunning(Number(readFileSync(join(folder, 'data', 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]))
  } catch {
    return false
  }
}
const expectNothingLeft = async () => {
  expect([await health(), await health(environment.QUANTUM_PORT)]).toEqual([null, null])
  expect(readdirSync(join(folder, 'logs')).filter(name => !name.includes('.log'))).toEqual([])
  expect(databaseRuns()).toBe(false)
}

beforeEach(async () => {
  user = undefined
  folder = mkdtempSync(join(tmpdir(), 'qsm-services-'))
  chmodSync(folder, 0o755)
  environment = {
    QSM_LOG_DIR: join(folder, 'logs'),
    QSM_DATA_DIR: join(folder, 'data'),
    PORT: String(await freePort()),
    QUANTUM_PORT: String(await freePort()),
    ADMIN_PORT: String(await freePort()),
    QUANTUM_ADMIN_PORT: String(await freePort()),
    DRAIN_SECONDS: '1',
  }
})

afterEach(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('start_services.sh and stop_services.sh', () => {
  it('start both in the background over stale pid files, know them when asked again, and stop them cleanly', async () => {
    mkdirSync(join(folder, 'logs'))
    writeFileSync(join(folder, 'logs', 'main_app.pid'), '999999999\nboot/1\n22\n')
    writeFileSync(join(folder, 'logs', 'quantum_service.pid'), `${process.pid}\nanother-boot/1\n22\n`)
    writeFileSync(join(folder, 'logs', 'main_app.log'), `${'of an earlier run '.repeat(500)}\n`)
    const first = await start([], { QSM_LOG_MAX_BYTES: '5000' }).ended
    expect(first).toMatchObject({ code: 0 })
    expect(first.said).toContain('process 999999999 has ended')
    expect(first.said).toContain(`process ${process.pid} is another program now`)
    expect(await health()).toMatchObject({ status: 'healthy' })
    expect(await health(environment.QUANTUM_PORT)).toMatchObject({ service: 'quantum-crypto' })
    const pids = [pidIn('main_app.pid'), pidIn('quantum_service.pid')]

    expect(readFileSync(join(folder, 'logs', 'main_app.log.1'), 'utf8')).toContain('of an earlier run')
    expect(readFileSync(join(folder, 'logs', 'main_app.log'), 'utf8')).toContain('embedded PostgreSQL is up')
    for (let request = 0; request < 60; request += 1) await fetch(`http://127.0.0.1:${environment.PORT}/`)
    await expect.poll(() => existsSync(join(folder, 'logs', 'main_app.log.2')), { timeout: 10_000 }).toBe(true)

    const second = await start().ended
    expect(second).toMatchObject({ code: 0 })
    for (const pid of pids) expect(second.said).toContain(`already running (process ${pid})`)
    expect([pidIn('main_app.pid'), pidIn('quantum_service.pid')]).toEqual(pids)

    const stopped = await stop()
    expect(stopped).toMatchObject({ code: 0 })
    expect(stopped.said).not.toContain('killed')
    await expectNothingLeft()
    expect(pids.map(isRunning)).toEqual([false, false])
    expect((await stop()).said.match(/was not running/g)).toHaveLength(2)
  }, 120_000)

  it('start what is missing beside what runs, and say when a stop had to kill', async () => {
    expect(await start().ended).toMatchObject({ code: 0 })
    const [main, quantum] = [pidIn('main_app.pid'), pidIn('quantum_service.pid')]
    process.kill(quantum, 'SIGKILL')
    const again = await start().ended
    expect(again).toMatchObject({ code: 0 })
    expect(again.said).toContain(`already running (process ${main})`)
    expect(again.said).toContain(`process ${quantum} has ended`)
    expect(await health()).toMatchObject({ status: 'healthy' })

    const file = join(folder, 'logs', 'quantum_service.pid')
    const [pid = '', begin = ''] = readFileSync(file, 'utf8').split('\n')
    writeFileSync(file, `${pid}\n${begin}\n1\n`) // One second's patience instead of the server's own deadline.
    process.kill(Number(pid), 'SIGSTOP')
    const stopped = await stop()
    expect(stopped.said).toContain(`was killed (process ${pid})`)
    expect(stopped.said).toContain('main application: stopped')
    await expectNothingLeft()
  }, 120_000)

  it.each(['quantum service: starting', 'embedded PostgreSQL is up'])(
    'stop both on Ctrl-C while they are starting, after "%s"',
    async step => {
      const starting = start()
      await starting.says(step)
      starting.child.kill('SIGINT')
      expect(await starting.ended).toMatchObject({ code: 130 })
      await expectNothingLeft()
    },
    120_000,
  )

  it('stop both on Ctrl-C in the foreground', async () => {
    const foreground = start(['--foreground'])
    await foreground.says('Ctrl-C stops them')
    expect(await health()).toMatchObject({ status: 'healthy' })
    foreground.child.kill('SIGINT')
    expect(await foreground.ended).toMatchObject({ code: 130 })
    await expectNothingLeft()
  }, 120_000)

  it('end in the foreground with 1 when one of both ends by itself, and stop the other', async () => {
    const foreground = start(['--foreground'])
    await foreground.says('Ctrl-C stops them')
    process.kill(pidIn('quantum_service.pid'), 'SIGKILL')
    const { code, said } = await foreground.ended
    expect(code).toBe(1)
    expect(said).toContain('quantum service has ended by itself')
    await expectNothingLeft()
  }, 120_000)

  it('name a busy port, who has it and the way out, and start nothing', async () => {
    const foreign = createServer().listen(Number(environment.QUANTUM_PORT), '127.0.0.1')
    try {
      const { code, said } = await start().ended
      expect(code).toBe(1)
      expect(said).toContain(`Port ${environment.QUANTUM_PORT} is in use by process ${process.pid}`)
      expect(said).toContain(`QUANTUM_PORT=${Number(environment.QUANTUM_PORT) + 10} ./start_services.sh`)
      expect(existsSync(join(folder, 'logs', 'main_app.log'))).toBe(false)
    } finally {
      foreign.close()
    }
    await expectNothingLeft()
  }, 60_000)

  it('show the end of the log of a service that cannot start, and leave the other one not running', async () => {
    const { code, said } = await start([], { QSM_ENV: 'production' }).ended
    expect(code).toBe(1)
    expect(said).toContain('JWT_SECRET: must be set in production')
    await expectNothingLeft()
  }, 60_000)

  it('print their usage for what they do not know', async () => {
    for (const script of ['start_services.sh', 'stop_services.sh']) {
      expect(await run(script, ['--nonsense']).ended).toMatchObject({
        code: 2,
        said: expect.stringContaining('Usage:'),
      })
      expect(await run(script, ['--help']).ended).toMatchObject({ code: 0 })
    }
  })

  it('work for an ordinary user, who is told what may not be written', async () => {
    const isRoot = process.getuid?.() === 0
    for (const name of ['logs', 'data']) {
      mkdirSync(join(folder, name))
      if (isRoot) chownSync(join(folder, name), nobody, nobody)
    }
    if (isRoot) user = nobody
    chmodSync(join(folder, 'logs'), 0o555)
    const refused = await start().ended
    expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('This user may not write') })
    chmodSync(join(folder, 'logs'), 0o755)
    expect(await start().ended).toMatchObject({ code: 0 })
    expect(await health()).toMatchObject({ status: 'healthy' })
    expect(await stop()).toMatchObject({ code: 0 })
    await expectNothingLeft()
  }, 120_000)
})
