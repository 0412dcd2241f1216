import { join, resolve } from 'node:path'
import { root } from '../setup.mjs'

export const programName = './start_services.sh'
export const program = join(root, 'services', 'standalone', 'bin', 'qsm-server.js')

/** Where logs and pid files are. */
export const logFolder = resolve(root, process.env.QSM_LOG_DIR ?? 'logs')

const portOf = (variable, fallback) => ({ variable, port: Number(process.env[variable] ?? fallback) })

/** How long a stop may take by the server's own deadline (stopDeadlineMs, not built yet here), with some time to end. */
const stopSeconds = Number(process.env.DRAIN_SECONDS ?? 10) + 12

/** The address by which this machine reaches what listens on HOST. */
const host = ['0.0.0.0', '::', undefined].includes(process.env.HOST) ? '127.0.0.1' : process.env.HOST

const service = ({ part, title, file, answersAs, ports }) => ({
  part,
  title,
  logFile: join(logFolder, `${file}.log`),
  pidFile: join(logFolder, `${file}.pid`),
  /** The `service` of its health. */
  answersAs,
  ports,
  stopSeconds,
  address: `http://${host.includes(':') ? `[${host}]` : host}:${ports[0].port}`,
})

/** Both services, in the order of their start. */
export const services = [
  service({
    part: 'main',
    title: 'main application',
    file: 'main_app',
    answersAs: 'qsm',
    ports: [portOf('PORT', 8000), portOf('ADMIN_PORT', 9464)],
  }),
  service({
    part: 'quantum',
    title: 'quantum service',
    file: 'quantum_service',
    answersAs: 'quantum-crypto',
    ports: [portOf('QUANTUM_PORT', 8001), portOf('QUANTUM_ADMIN_PORT', 9465)],
  }),
]

/** In the order of a stop: the main application holds the database that the other one still needs. */
export const servicesToStop = services.toReversed()
