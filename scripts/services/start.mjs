// ./start_services.sh [--foreground]: both services as separate processes in the background.
import '../setup/require-node.mjs'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { alone } from '../setup/alone.mjs'
import { fail, SetupError, say } from '../setup/step.mjs'
import { setUp } from '../setup.mjs'
import { awaitHealth } from './await-health.mjs'
import { requireFreePorts } from './check-ports.mjs'
import { readPidFile, removePidFile } from './pid-file.mjs'
import { logFolder, services } from './services.mjs'
import { runningService, spawnService } from './spawn-service.mjs'
import { stayUntilOneEnds } from './stay.mjs'
import { stopService } from './stop-service.mjs'

const usage = `Usage: ./start_services.sh [--foreground]

Starts the main application (PORT, 8000) and the quantum service (QUANTUM_PORT, 8001) and waits until both are healthy.
In the background they stay until ./stop_services.sh; with --foreground until Ctrl-C.

  QSM_LOG_DIR        where main_app.log, quantum_service.log and the pid files go (logs)
  QSM_LOG_MAX_BYTES  what a log may grow to before it becomes .1, and so on up to .4 (10000000)
  QSM_START_SECONDS  how long to wait for health (180)

Every variable of "qsm-server config doc" is handed on.`

const [option, ...more] = process.argv.slice(2)
if (more.length > 0 || (option !== undefined && option !== '--foreground')) {
  console.error(usage)
  process.exit(option === '--help' ? 0 : 2)
}

const makeLogFolder = () => {
  try {
    mkdirSync(logFolder, { recursive: true, mode: 0o755 })
    accessSync(logFolder, constants.W_OK)
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
    throw new SetupError(
      `This user may not write to ${logFolder}. Start as its owner, give it to this user, or set QSM_LOG_DIR to another folder.`,
    )
  }
}

/** Whether a service runs already; what a pid file of one that does not is, is told and cleared away. */
const runsAlready = ({ title, pidFile }) => {
  const known = readPidFile(pidFile)
  if (known === null) return false
  if (known.isRunning) {
    say(`${title}: already running (process ${known.pid})`)
    return true
  }
  const why = known.another ? 'is another program now' : 'has ended'
  say(`${title}: a stale pid file was left (process ${known.pid ?? 'without a number'} ${why}); it is removed`)
  removePidFile(pidFile)
  return false
}

const isForeground = option === '--foreground'
const interrupted = new AbortController()
/** What this start has to stop again when it fails or is interrupted. */
let toStop = []
const stopAll = async () => {
  for (const service of toStop.splice(0).reverse()) await stopService(service)
}

const start = async () => {
  const missing = services.filter(service => !runsAlready(service))
  await requireFreePorts(missing)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort())
  const spawned = missing.map(service => {
    say(`${service.title}: starting, log in ${service.logFile}`)
    toStop.push(service)
    return spawnService(service)
  })
  const others = services.filter(service => !missing.includes(service))
  await awaitHealth([...spawned, ...others.map(runningService)], interrupted.signal)
  if (interrupted.signal.aborted) return
  for (const { title, address } of services) say(`${title}: healthy at ${address}`)
}

try {
  await setUp()
  makeLogFolder()
  await alone(join(logFolder, 'start.lock'), start)
  if (interrupted.signal.aborted) {
    say('interrupted')
  } else if (isForeground) {
    toStop = [...services]
    await stayUntilOneEnds(interrupted.signal)
  } else {
    say('both run in the background; ./stop_services.sh stops them')
  }
} catch (error) {
  await stopAll().catch(fail)
  fail(error)
}
if (interrupted.signal.aborted) {
  await stopAll().catch(fail)
  process.exitCode = 130
}
