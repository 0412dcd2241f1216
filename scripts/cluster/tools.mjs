import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The folder of programs that bring a cluster up on this machine (`up`, `exec`, `build-image`, `load-image`), as
 * QSM_CLUSTER_TOOLS says or beside the repository; null where there is none.
 */
export const findTools = () => {
  const folder = process.env.QSM_CLUSTER_TOOLS ?? fileURLToPath(new URL('../../../shared/cluster', import.meta.url))
  return existsSync(join(folder, 'up')) && existsSync(join(folder, 'exec')) ? folder : null
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
