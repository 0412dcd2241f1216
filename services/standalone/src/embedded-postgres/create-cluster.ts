import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Binaries } from './binaries.js'
import { EmbeddedPostgresError } from './error.js'
import { giveToServer, runOnData } from './run-as.js'

export const superuser = 'qsm'

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

const initialise = async (binaries: Binaries, cluster: string, password: string): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-initdb-'))
  const passwordFile = join(folder, 'password')
  try {
    writeFileSync(passwordFile, password, { mode: 0o600 })
    giveToServer(folder)
    giveToServer(passwordFile)
    const child = runOnData(
      binaries.initdb,
      cluster,
      data => ['-D', data, '-U', superuser, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C'],
      'pipe',
    )
    const { code, output } = await finished(child)
    if (code !== 0) {
      throw new EmbeddedPostgresError(`The database could not be made in ${cluster} (initdb ended with ${code}):\n${output.trim()}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Makes the cluster below `dataFolder` where there is none, and returns the password of its user. A data directory of
 * another major version is refused: it must be taken over by dump and restore.
 */
export const ensureCluster = async (binaries: Binaries, dataFolder: string): Promise<{ cluster: string; password: string }> => {
  const cluster = join(dataFolder, 'postgres')
  const passwordFile = join(dataFolder, 'postgres-password')
  const marker = join(cluster, 'PG_VERSION')
  if (existsSync(marker) && existsSync(passwordFile)) {
    const version = readFileSync(marker, 'utf8').trim()
    if (version !== binaries.major) {
      throw new EmbeddedPostgresError(
        `The data in ${cluster} was written by PostgreSQL ${version}; this is PostgreSQL ${binaries.major}. Dump it with the older version of QSM and restore it here.`,
      )
    }
    return { cluster, password: readFileSync(passwordFile, 'utf8').trim() }
  }
  // Without both marks an earlier attempt was cut off before anything was stored.
  rmSync(cluster, { recursive: true, force: true })
  mkdirSync(cluster, { mode: 0o700 })
  giveToServer(cluster)
  const password = randomBytes(24).toString('base64url')
  await initialise(binaries, cluster, password)
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  return { cluster, password }
}
