import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { fail, say as progress, SetupError } from '../setup/step.mjs'
import { keepRunning } from './keep-running.mjs'
import { marker, takeFolder } from './leftovers.mjs'
import { balancerPort, freePorts } from './ports.mjs'
import { secretsIn } from './secrets.mjs'
import { postgresOf, servicesOf } from './services.mjs'

const requirePrograms = () => {
  const missing = ['redis-server', 'haproxy'].filter(name => spawnSync(name, ['-v'], { stdio: 'ignore' }).error)
  if (missing.length === 0) return
  throw new SetupError(
    `${missing.join(' and ')} cannot be found. On Debian and Ubuntu: apt-get install redis-server haproxy`,
  )
}

const choosePorts = async () => {
  const balancer = await balancerPort(process.env.PORT)
  const [redis, postgres, ...pods] = await freePorts(10)
  const [auth, quantum, message1, message2] = [0, 2, 4, 6].map(at => [pods[at], pods[at + 1]])
  return { balancer, redis, postgres, auth, quantum, message1, message2 }
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
 * `messageProgram` runs as the message pods instead of the built one; `postgresSettings` are `name=value`.
 */
export const runReplicas = async ({ json, messageProgram, postgresSettings = [] }) => {
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
    requirePrograms()
    mkdirSync(folder, { recursive: true })
    mkdirSync(logFolder, { recursive: true })
    process.env[marker] = folder
    taken = takeFolder(folder)
    const ports = await choosePorts()
    const postgres = postgresOf({ folder, ports, settings: postgresSettings })
    await run(postgres)
    const options = { folder, logFolder, secrets: secretsIn(folder), ports, postgresUrl: postgres.address }
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
