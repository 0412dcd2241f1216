import { createLog, stopDeadlineMs, stopOnSignal } from '@qsm/server-kit'
import { readConfig, type StandaloneConfig } from '../config.js'
import { startQuantumOnItsDatabase } from '../follow-database.js'
import type { RunningProcess, StartOptions } from '../parts/runtime.js'
import { startMain } from '../start-main.js'
import { startStandalone } from '../start-standalone.js'
import type { ProcessPart } from '../target.js'

interface Ports {
  readonly main?: number
  readonly quantum?: number
}
type Start = (
  config: StandaloneConfig,
  options: StartOptions & { readonly signal: AbortSignal },
) => Promise<{ readonly server: RunningProcess; readonly ports: Ports }>

const starts: Readonly<Record<ProcessPart, Start>> = {
  async all(config, options) {
    const server = await startStandalone(config, options)
    return { server, ports: { main: server.port, quantum: server.quantumPort } }
  },
  async main(config, options) {
    const server = await startMain(config, options)
    return { server, ports: { main: server.port } }
  },
  async quantum(config, options) {
    const server = await startQuantumOnItsDatabase(config, options)
    return { server, ports: { quantum: server.quantumPort } }
  },
}

/** Since the process began, installation and build included, where `npm start` has done them in this process. */
const seconds = () => (performance.now() / 1_000).toFixed(1)
const say = (text: string) => console.error(`qsm  ${seconds()} s  ${text}`)

/**
 * Runs everything, or one of the two processes, until a signal comes. Progress goes to standard error, the log to
 * standard output.
 */
export const start = async (part: ProcessPart): Promise<null> => {
  const config = readConfig(undefined, part)
  const aborting = new AbortController()
  const starting = starts[part](config, { onStep: say, signal: aborting.signal })
  stopOnSignal({
    log: createLog({ service: 'qsm-server', level: config.LOG_LEVEL, format: config.LOG_FORMAT }),
    deadlineMs: stopDeadlineMs(config.DRAIN_SECONDS),
    stop: async () => {
      say('stopping')
      aborting.abort()
      const started = await starting.catch(() => null) // What it failed with is told below.
      await started?.server.stop()
      say('stopped')
    },
  })
  try {
    const { server, ports } = await starting
    if (aborting.signal.aborted) return null
    const host = config.HOST === '127.0.0.1' ? 'localhost' : config.HOST
    if (ports.main) say(`main application      http://${host}:${ports.main}   (docs at /docs)`)
    if (ports.quantum) say(`quantum service       http://${host}:${ports.quantum}`)
    say(`health and metrics    http://${config.ADMIN_HOST}:${server.adminPort}/readyz  /metrics`)
    say('ready; Ctrl-C stops')
  } catch (error) {
    if (!aborting.signal.aborted) throw error
  }
  return null
}
