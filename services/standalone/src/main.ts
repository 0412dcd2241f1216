import type { ProcessPart } from './schemas.js'

const usage = `Usage: qsm-server COMMAND

  start          run everything in one process, on an embedded PostgreSQL unless DATABASE_URL names a server
  start main     run the main application alone; it owns the embedded PostgreSQL
  start quantum  run the quantum service alone, on the database of the main application
  migrate        bring the database schemas up to date
  config check   read the environment and say what is wrong, for start; with main or quantum for one of the two
  config doc     print every variable with its default and an example
  doctor         check the algorithms, the database and the schemas
  keys rotate-kek  wrap all data keys under the newest key, that of Vault or the first of QSM_KEK; may be started again

  --help, --version
Exit codes: 0 done, 1 failed, 2 wrong usage.

Examples:
  qsm-server start
  PORT=9000 QUANTUM_PORT=9001 qsm-server start
  DATABASE_URL=postgresql://qsm@db.example.org/qsm qsm-server migrate
`

const start = (part: ProcessPart) => async () => (await import('./commands/start.js')).start(part)
const check = (part: ProcessPart) => async () => (await import('./commands/config.js')).checkConfiguration(part)

/** Each loads what it needs: a word that is wrong is not answered a second later. */
const commands: Readonly<Record<string, () => Promise<number | null>>> = {
  start: start('all'),
  'start main': start('main'),
  'start quantum': start('quantum'),
  migrate: async () => (await import('./commands/migrate.js')).migrate(),
  'config check': check('all'),
  'config check main': check('main'),
  'config check quantum': check('quantum'),
  'config doc': async () => (await import('./commands/config.js')).printManual(),
  doctor: async () => (await import('./commands/doctor.js')).doctor(),
  'keys rotate-kek': async () => (await import('./commands/keys.js')).rotateKeys(),
  '--version': async () => {
    console.log((await import('./version.js')).version)
    return 0
  },
}

/** Runs one command; the process ends with its exit code: 0 done, 1 failed, 2 wrong usage. */
export const run = async (args: readonly string[]): Promise<void> => {
  if (args[0] === 'help' || args.includes('--help') || args.includes('-h')) {
    console.log(usage.trimEnd())
    return
  }
  const name = args.join(' ')
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) {
    const wrong = name === '' ? 'a command is needed' : `there is no command "${name}"`
    console.error(`qsm-server: ${wrong}\n\n${usage.trimEnd()}`)
    process.exitCode = 2
    return
  }
  try {
    const code = await command()
    if (code !== null) process.exitCode = code
  } catch (error) {
    const { explainFailure } = await import('@qsm/server-kit')
    console.error(explainFailure(error) ?? error)
    process.exitCode = 1
  }
}
