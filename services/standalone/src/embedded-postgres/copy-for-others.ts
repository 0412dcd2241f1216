import { createHash } from 'node:crypto'
import { chmodSync, cpSync, lstatSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedPostgresError } from './error.js'

/** Only such a folder can be trusted at a name that everybody can guess and take. */
const isOwnFolder = (folder: string): boolean => {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0
}

/** Systems clear their temporary folders file by file. */
const isWhole = (original: string, copy: string): boolean =>
  readdirSync(original, { recursive: true, encoding: 'utf8' }).every(path => {
    const stat = statSync(join(copy, path), { throwIfNoEntry: false })
    return stat !== undefined && (stat.isDirectory() || stat.size === statSync(join(original, path)).size)
  })

/**
 * A copy of the programs in the temporary folder that every user may read and run, made once for each installation:
 * another user cannot reach programs below a directory that is closed to it. Returns its path.
 */
export const copyForOthers = (native: string, version: string): string => {
  const name = createHash('sha256').update(native).update(version).digest('hex').slice(0, 16)
  const target = join(tmpdir(), `qsm-postgres-${name}`)
  if (isOwnFolder(target)) {
    if (isWhole(native, target)) return target
    rmSync(target, { recursive: true, force: true })
  }
  const fresh = mkdtempSync(join(tmpdir(), 'qsm-postgres-'))
  try {
    cpSync(native, fresh, { recursive: true, verbatimSymlinks: true })
  } catch (cause) {
    rmSync(fresh, { recursive: true, force: true })
    const text = `The programs of PostgreSQL (60 MB) cannot be copied to ${tmpdir()}: ${String(cause)}. Make room there, or set TMPDIR to another folder.`
    throw new EmbeddedPostgresError(text, { cause })
  }
  chmodSync(fresh, 0o755)
  try {
    renameSync(fresh, target)
  } catch {
    // Another start was faster, or the name belongs to somebody else: then the fresh copy serves.
    if (!isOwnFolder(target)) return fresh
    rmSync(fresh, { recursive: true, force: true })
  }
  return target
}
