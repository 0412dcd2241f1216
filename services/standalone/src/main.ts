import type { ProcessPart, Target } from './target.js'

const usage = `Usage: qsm-server COMMAND

  start          run everything in one process, on an embedded PostgreSQL unless DATABASE_URL names a server
  start main     run the main application alone; it owns the embedded PostgreSQL
  start quantum  run the quantum service alone, on the database of the main application
  migrate        bring the database schemas up to date
  config check   read the environment and say what is wrong
  doctor         check what is needed: variables, algorithms, database, schemas, clock, KEK, Redis, other services, QSM_PUBLIC_URL
  config doc     print every variable with its default and an example
  keys rotate-kek  wrap all data keys under the newest key, that of Vault or the first of QSM_KEK; may be started again

  migrate, config check and doctor take main or quantum, as start does: then they ask for that process alone.
  config check and doctor take auth, message or quantum-crypto as well: for use within that pod, with its variables.
  migrate needs DATABASE_URL and no other variable.

  --help, --version
Exit codes: 0 done, 1 failed, 2 wrong usage.

Examples:
  qsm-server start
  PORT=9000 QUANTUM_PORT=9001 qsm-server start
  DATABASE_URL=postgresql://qsm@db.example.org/qsm qsm-server migrate
`

type Command = () => Promise<number | null>

/** A command for everything and for one of the two processes where `main` or `quantum` follows it. */
const forEachPart = (name: string, command: (part: ProcessPart) => Promise<number | null>) =>
  Object.fromEntries<Command>([
    [name, () => command('all')],
    [`${name} main`, () => command('main')],
    [`${name} quantum`, () => command('quantum')],
  ])

const forEachTarget = (name: string, command: (target: Target) => Promise<number | null>) => ({
  ...forEachPart(name, command),
  [`${name} auth`]: () => command('auth'),
  [`${name} message`]: () => command('message'),
  [`${name} quantum-crypto`]: () => command('quantum-crypto'),
})

/** Each loads what it needs: a word that is wrong is not answered a second later. */
const commands: Readonly<Record<string, Command>> = {
  ...forEachPart('start', async part => (await import('./commands/start.js')).start(part)),
  ...forEachPart('migrate', async part => (await import('./commands/migrate.js')).migrate(part)),
  ...forEachTarget('config check', async target => (await import('./commands/config.js')).checkConfiguration(target)),
  ...forEachTarget('doctor', async target => (await import('./commands/doctor.js')).doctor(target)),
  'config doc': async () => (await import('./commands/config.js')).printManual(),
  'keys rotate-kek': async () => (await import('./commands/keys.js')).rotateKeys(),
  '--version': async () => {
    console.log((await import('./version.js')).version)
    return 0
  },
}

/**
 * Runs one command; the process ends with its exit code: 0 done, 1 failed, 2 wrong usage. Called by bin/qsm-server.js.
 * @public
 */
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
