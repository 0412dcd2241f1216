import { spawnSync } from 'node:child_process'

/** Runs a program and gives what it printed. Throws with `cure` when it is missing, with its own words when it fails. */
export const run = (program, args, { cwd, cure }) => {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (error) throw new Error(`${program} cannot be started (${error.code}). ${cure}`)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}\n${stderr}\nIt ended with ${status}. ${cure}`)
  return stdout
}
