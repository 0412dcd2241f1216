import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Binaries } from './binaries.js'
import { EmbeddedPostgresError } from './error.js'
import { giveTo, runOnData, type SystemUser } from './run-as.js'

export const superuser = 'qsm'

export interface Cluster {
  /** The data directory of PostgreSQL. */
  readonly folder: string
  readonly password: string
}

const finished = (child: ReturnType<typeof runOnData>): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', data => {
      output += String(data)
    })
    child.stderr?.on('data', data => {
      output += String(data)
    })
    child.once('error', reject)
    child.once('close', code => resolve({ code, output }))
  })

const initialise = async (
  initdb: string,
  folder: string,
  user: SystemUser | null,
  password: string,
  durable: boolean,
): Promise<void> => {
  const passwordFolder = mkdtempSync(join(tmpdir(), 'qsm-initdb-'))
  const passwordFile = join(passwordFolder, 'password')
  try {
    writeFileSync(passwordFile, password, { mode: 0o600 })
    giveTo(user, passwordFolder)
    giveTo(user, passwordFile)
    const options = ['-U', superuser, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C']
    if (!durable) options.push('--no-sync')
    const { code, output } = await finished(runOnData(initdb, folder, user, data => ['-D', data, ...options], 'pipe'))
    if (code === 0) return
    throw new EmbeddedPostgresError(
      `The database could not be made in ${folder} (initdb ended with ${code}):\n${output.trim()}`,
    )
  } finally {
    rmSync(passwordFolder, { recursive: true, force: true })
  }
}

const openCluster = (folder: string, passwordFile: string, major: string): Cluster => {
  const version = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
  if (version !== major) {
    throw new EmbeddedPostgresError(
      `The data in ${folder} was written by PostgreSQL ${version}; this is PostgreSQL ${major}. Dump it with the older version of QSM and restore it here.`,
    )
  }
  if (!existsSync(passwordFile)) {
    throw new EmbeddedPostgresError(
      `The database in ${folder} needs its password file ${passwordFile}, which is gone. Put it back from your backup, or start on other data with QSM_DATA_DIR.`,
    )
  }
  return { folder, password: readFileSync(passwordFile, 'utf8').trim() }
}

/**
 * Opens the cluster below `dataFolder`, made where there is none. It gets its name when it is complete, so what has the
 * name is never thrown away. Data of another major version is refused: it must be taken over by dump and restore.
 */
export const ensureCluster = async (
  binaries: Binaries,
  dataFolder: string,
  user: SystemUser | null,
  durable: boolean,
): Promise<Cluster> => {
  const folder = join(dataFolder, 'postgres')
  const passwordFile = join(dataFolder, 'postgres-password')
  if (existsSync(folder)) return openCluster(folder, passwordFile, binaries.major)
  const unfinished = join(dataFolder, 'postgres.unfinished')
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o700 })
  giveTo(user, unfinished)
  const password = randomBytes(24).toString('base64url')
  await initialise(binaries.initdb, unfinished, user, password, durable)
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  giveTo(user, passwordFile)
  renameSync(unfinished, folder)
  return { folder, password }
}
