import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const tickMs = 10

/** User and system time of a process in milliseconds, from /proc (10 ms ticks). */
const cpuOf = (pid: number): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) * tickMs
  } catch {
    return 0 // It has ended; its parent counts it.
  }
}

const parentOf = (pid: number): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

/** A process and all its descendants. */
const treeOf = (root: number): ReadonlySet<number> => {
  const pids = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
  const family = new Set([root])
  for (let grew = true; grew; ) {
    grew = false
    for (const pid of pids) {
      if (family.has(pid) || !family.has(parentOf(pid))) continue
      family.add(pid)
      grew = true
    }
  }
  return family
}

/** CPU time of a process and all its descendants in milliseconds. */
export const cpuOfTree = (root: number): number => [...treeOf(root)].reduce((sum, pid) => sum + cpuOf(pid), 0)

/** Sends a signal to processes and all their descendants. Those that have ended are left out. */
export const signalTrees = (roots: readonly number[], signal: NodeJS.Signals): void => {
  for (const pid of new Set(roots.flatMap(root => [...treeOf(root)]))) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Resident memory of a process in bytes. */
export const residentBytes = (pid: number): number => {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find(text => text.startsWith('VmRSS:'))
  return Number(line?.replace(/\D/g, '')) * 1024
}

/**
 * Starts a program and resolves when it has printed a line that `ready` finds something in. `output` is its standard output:
 * `ignore` for a log that nobody is to read.
 */
export const startProgram = (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  ready: RegExp,
  output: 'pipe' | 'ignore' = 'pipe',
): Promise<{ readonly child: ChildProcess; readonly said: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', output, 'pipe'],
    })
    let said = ''
    const hear = (data: unknown) => {
      said += String(data)
      if (ready.test(said)) resolve({ child, said })
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', code => reject(new Error(`${args.join(' ')} ended with ${code}: ${said}`)))
  })

export const stopProgram = (child: ChildProcess): Promise<void> =>
  new Promise(resolve => {
    // A signal to the whole group has ended it already.
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
