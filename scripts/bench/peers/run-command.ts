import { spawn } from 'node:child_process'

/** Runs a program to its end; its standard output. Throws the last line that it wrote to standard error when it fails. */
export const runCommand = (
  command: string,
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>
    readonly cwd?: string
    readonly timeoutMs?: number
    readonly signal?: AbortSignal
  },
): Promise<string> =>
  new Promise((resolve, reject) => {
    const { env, cwd, timeoutMs, signal } = options
    const child = spawn(command, [...args], { env, cwd, timeout: timeoutMs, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    let [said, complained] = ['', '']
    child.stdout.on('data', data => {
      said += String(data)
    })
    child.stderr.on('data', data => {
      complained += String(data)
    })
    child.once('error', reject)

    child.once('close', (code, killedBy) => {
      if (code === 0) return resolve(said)
      const last = complained.trim().split('\n').at(-1)
      reject(new Error(last || `${command} ended with ${code ?? killedBy}`))
    })
  })
