import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const programs = ['up', 'exec', 'build-image', 'load-image']

/** Whether nobody but this user could have put something else there. */
const isOurs = path => {
  const { uid, mode } = statSync(path)
  return uid === process.getuid?.() && (mode & 0o022) === 0
}

/**
 * The folder of programs that bring a cluster up on this machine, as QSM_CLUSTER_TOOLS says; else `shared/cluster` beside the
 * repository, where only this user may write there. Null where there is none.
 */
export const findTools = () => {
  const hasAll = folder => programs.every(name => existsSync(join(folder, name)))
  const named = process.env.QSM_CLUSTER_TOOLS
  if (named) return hasAll(named) ? named : null
  const beside = fileURLToPath(new URL('../../../shared/cluster', import.meta.url))
  return hasAll(beside) && [beside, ...programs.map(name => join(beside, name))].every(isOurs) ? beside : null
}

/** Whether these tools have built their programs already: the first time takes half an hour. */
export const hasPrograms = () => {
  const cache = process.env.QSM_CLUSTER_CACHE ?? join(process.env.HOME ?? '/root', '.cache/qsm-cluster')
  return existsSync(join(cache, 'bin/cluster')) && existsSync(join(cache, 'images.sum'))
}

/** Whether a program ends well. */
export const succeeds = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Runs a program with its output shown. Throws where it fails. */
export const run = (command, args, options = {}) => {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options })
  if (error || status !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${error?.message ?? status}`)
  }
}
