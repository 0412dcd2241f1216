import { config } from './commands/config.js'
import { doctor } from './commands/doctor.js'
import { migrate } from './commands/migrate.js'
import { start } from './commands/start.js'

const usage = `Usage: qsm-server COMMAND

  start          run everything in one process, on an embedded PostgreSQL unless DATABASE_URL names a server
  start main     run the main application alone; it owns the embedded PostgreSQL
  start quantum  run the quantum service alone, on the database of the main application
  migrate        bring the database schemas up to date
  config check   read the environment and say what is wrong
  config doc     print every variable with its default and an example
  doctor         check the algorithms, the database and the schemas

Examples:
  qsm-server start
  PORT=9000 QUANTUM_PORT=9001 qsm-server start
  DATABASE_URL=postgresql://qsm@db.example.org/qsm qsm-server migrate
`

/** Errors that name their own cure are printed without a stack. */
const known = new Set(['ConfigError', 'PortError', 'EmbeddedPostgresError', 'AlgorithmLoadError', 'DatabaseError'])

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number | null>>> = {
  start,
  migrate,
  config,
  doctor,
}

/** Runs one command; the process ends with its exit code: 0 done, 1 failed, 2 wrong usage. */
export const run = async (args: readonly string[]): Promise<void> => {
  const [name = '', ...rest] = args
  if (name === 'help' || name === '--help' || name === '-h') {
    console.log(usage)
    return
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) {
    console.error(usage)
    process.exitCode = 2
    return
  }
  try {
    const code = await command(rest)
    if (code !== null) process.exitCode = code
  } catch (error) {
    console.error(error instanceof Error && known.has(error.name) ? error.message : error)
    process.exitCode = 1
  }
}
