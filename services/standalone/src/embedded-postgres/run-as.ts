import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, openSync, statSync } from 'node:fs'

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** Every system has a number 65534: nobody. */
const nobody: SystemUser = { uid: 65_534, gid: 65_534 }

/**
 * The user that the server must run as because PostgreSQL refuses root, or null where this process's own user does. Data
 * that has an owner keeps it: a server that was started once by a user and then by root works for both.
 */
export const otherUserFor = (folder: string): SystemUser | null => {
  if (process.getuid?.() !== 0) return null
  const { uid, gid } = statSync(folder)
  return uid === 0 ? nobody : { uid, gid }
}

export const giveTo = (user: SystemUser | null, path: string): void => {
  if (user) chownSync(path, user.uid, user.gid)
}

// Nothing of this process's environment is for the server; the secrets in it least of all.
const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

/**
 * Starts a program of the server on a data directory. Another user gets the directory as an open descriptor, because its
 * path may lead through directories that this user may not enter.
 */
export const runOnData = (
  program: string,
  cluster: string,
  user: SystemUser | null,
  argumentsFor: (dataPath: string) => readonly string[],
  output: number | 'pipe',
): ChildProcess => {
  if (!user || process.platform !== 'linux') {
    const stdio: (number | 'ignore' | 'pipe')[] = ['ignore', output, output]
    return spawn(program, argumentsFor(cluster), { stdio, env, detached: true, ...user })
  }
  const descriptor = openSync(cluster, 'r')
  try {
    const stdio: (number | 'ignore' | 'pipe')[] = ['ignore', output, output, descriptor]
    return spawn(program, argumentsFor('/proc/self/fd/3'), { stdio, env, cwd: '/', detached: true, ...user })
  } finally {
    closeSync(descriptor)
  }
}
