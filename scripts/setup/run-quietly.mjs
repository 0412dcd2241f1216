import { spawn } from 'node:child_process'

const keptCharacters = 20_000

/**
 * Runs a program and keeps the end of what it prints. Resolves with its exit code and that text, or with the system's
 * error code (such as ENOENT) where it cannot be started.
 */
export const runQuietly = (command, args, options) =>
  new Promise(resolve => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = data => {
      output = (output + data).slice(-keptCharacters)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', error => resolve({ code: error.code, output }))
    child.once('close', code => resolve({ code, output }))
  })
