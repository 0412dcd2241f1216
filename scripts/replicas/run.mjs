import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { fail, say as progress, SetupError } from '../setup/step.mjs'
import { keepRunning } from './keep-running.mjs'
import { marker, takeFolder } from './leftovers.mjs'
import { migrateAll, poolerOf } from './pooler.mjs'
import { balancerPort, freePorts } from './ports.mjs'
import { secretsIn } from './secrets.mjs'
import { postgresOf, servicesOf } from './services.mjs'

const requirePrograms = names => {
  const missing = names.filter(name => spawnSync(name, ['-v'], { stdio: 'ignore' }).error)
  if (missing.length === 0) return
  throw new SetupError(
    `${missing.join(' and ')} cannot be found. On Debian and Ubuntu: apt-get install ${names.join(' ')}`,
  )
}

const choosePorts = async messagePods => {
  const balancer = await balancerPort(process.env.PORT)
  const [redis, postgres, pgbouncer, ...rest] = await freePorts(7 + 2 * messagePods)
  const [auth, quantum, ...messages] = Array.from({ length: 2 + messagePods }, (_, at) =>
    rest.slice(2 * at, 2 * at + 2),
  )
  return { balancer, redis, postgres, pgbouncer, auth, quantum, messages }
}

/** The line for programs: where the balancer is, and what runs. */
const lineOf = services => {
  const shown = services.map(({ name, url, pid }) => ({ name, url, pid }))
  return `${JSON.stringify({ balancer: services.find(({ name }) => name === 'balancer').url, services: shown })}\n`
}
const tableOf = services =>
  services.map(({ name, url, pid }) => `  ${name.padEnd(16)} ${String(pid).padStart(7)}  ${url}`).join('\n')

const untilSignal = () =>
  new Promise(done => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, done)
  })

/**
 * Runs everything until a signal. With `json`, standard output has one line at the start and one for each restart.
 * `messageProgram` runs as the message pods instead of the built one; `postgresSettings` are `name=value`. With `pooler`,
 * PgBouncer in transaction mode stands before PostgreSQL.
 */
export const runReplicas = async ({ json, messageProgram, messagePods = 2, pooler = false, postgresSettings = [] }) => {
  const folder = resolve(process.env.QSM_DATA_DIR ?? './.data', 'replicas')
  const logFolder = resolve('logs/replicas')
  const services = []
  let taken = null
  let isUp = false
  const stopped = untilSignal()
  const show = () => {
    taken.write(services.map(({ pid }) => pid))
    if (!isUp) return
    if (json) process.stdout.write(lineOf(services))
    else console.error(`\n${tableOf(services)}\n`)
  }
  const run = async service => {
    progress(`${service.name} starts`)
    try {
      services.push(await keepRunning({ ...service, say: progress, onRestart: show }))
    } catch (error) {
      throw error.name === 'SetupError' ? error : new SetupError(`${service.name}: ${error.message}`)
    }
    show()
  }
  const stopAll = async () => {
    for (const service of services.reverse()) await service.stop()
    taken?.free()
  }

  try {
    requirePrograms(['redis-server', 'haproxy', ...(pooler ? ['pgbouncer'] : [])])
    mkdirSync(folder, { recursive: true })
    mkdirSync(logFolder, { recursive: true })
    process.env[marker] = folder
    taken = takeFolder(folder)
    const ports = await choosePorts(messagePods)
    const postgres = postgresOf({ folder, ports, settings: postgresSettings })
    await run(postgres)
    const options = {
      folder,
      logFolder,
      secrets: secretsIn(folder),
      ports,
      postgresUrl: postgres.address,
      pooled: pooler,
    }
    if (pooler) {
      progress('the schemas are brought up to date')
      await migrateAll(postgres.address())
      const pgbouncer = poolerOf({ folder, logFolder, port: ports.pgbouncer, postgresUrl: postgres.address })
      await run(pgbouncer)
      options.postgresUrl = pgbouncer.address
    }
    for (const service of servicesOf({ ...options, messageProgram })) await run(service)
    isUp = true
    show()
    progress(`ready; ${services.at(-1).url} is the balancer, logs are in ${logFolder}. Ctrl-C stops everything.`)
  } catch (error) {
    await stopAll()
    fail(error)
  }
  await stopped
  progress('stopping')
  await stopAll()
  progress('stopped')
}
