import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const stampOf = root => join(root, 'node_modules', '.qsm-setup')
const listOf = root => join(root, 'node_modules', '.package-lock.json')

/** What an installation depends on, as one line. */
const wanted = root => {
  const lockfile = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const list = statSync(listOf(root), { throwIfNoEntry: false })
  return `${lockfile} ${process.platform}-${process.arch} node-${process.versions.node.split('.')[0]} ${list?.mtimeMs}`
}

const allows = (list, value) => {
  if (!list) return true
  return list.includes(`!${value}`) ? false : list.every(entry => entry.startsWith('!')) || list.includes(value)
}

/**
 * npm leaves out optional packages for other systems, and what only those need. One for this system must be there: without
 * it node_modules was made on another.
 */
const mayBeAbsent = entry =>
  entry.optional === true &&
  ((!entry.os && !entry.cpu) ||
    entry.libc !== undefined ||
    !allows(entry.os, process.platform) ||
    !allows(entry.cpu, process.arch))

/** Compares package by package: an installation that somebody made or changed with npm alone has no fresh stamp. */
const fitsLockfile = root => {
  if (!existsSync(listOf(root))) return false
  const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const { packages: installed } = JSON.parse(readFileSync(listOf(root), 'utf8'))
  return Object.entries(locked).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true
    const found = installed[path]
    if (!found || !existsSync(join(root, path))) return mayBeAbsent(entry)
    return entry.link === true || (found.version === entry.version && found.integrity === entry.integrity)
  })
}

/** Remembers that what is installed now fits the lockfile. */
export const markInstalled = root => writeFileSync(stampOf(root), `${wanted(root)}\n`)

/** Whether node_modules holds what package-lock.json asks for, on this system. */
export const isInstalled = root => {
  const stamp = stampOf(root)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === wanted(root)) return true
  if (!fitsLockfile(root)) return false
  try {
    markInstalled(root)
  } catch {
    // Installed by another user; then it is compared at each start.
  }
  return true
}
