import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, openSync } from 'node:fs'

/** PostgreSQL refuses to run as root; then this user takes its place. Every system has a number 65534, nobody. */
const unprivileged = { uid: 65_534, gid: 65_534 }

export const isRoot = (): boolean => process.getuid?.() === 0

export const giveToServer = (path: string): void => {
  if (isRoot()) chownSync(path, unprivileged.uid, unprivileged.gid)
}

/**
 * Starts a program of the server on a data directory. As root it runs as another user, and gets the directory as an open
 * descriptor: its path may lead through directories that this user may not enter.
 */
export const runOnData = (
  program: string,
  dataFolder: string,
  argumentsFor: (dataPath: string) => readonly string[],
  output: number | 'pipe',
): ChildProcess => {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
  if (!isRoot()) {
    return spawn(program, argumentsFor(dataFolder), { stdio: ['ignore', output, output], env, detached: true })
  }
  const descriptor = openSync(dataFolder, 'r')
  try {
    const stdio: (number | 'ignore' | 'pipe')[] = ['ignore', output, output, descriptor]
    return spawn(program, argumentsFor('/proc/self/fd/3'), { stdio, env, cwd: '/', detached: true, ...unprivileged })
  } finally {
    closeSync(descriptor)
  }
}
