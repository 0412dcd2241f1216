import { spawnSync } from 'node:child_process'

const howToGet =
  'not run: k6 is not there. Get it with `go install go.k6.io/k6@v1.8.1` or from https://k6.io, and have it in PATH or name it by K6_BINARY.'

/** The k6 program that K6_BINARY names, else the one in PATH; null where it does not run. */
export const findK6 = (environment: NodeJS.ProcessEnv = process.env): string | null => {
  const program = environment.K6_BINARY || 'k6'
  return spawnSync(program, ['version'], { stdio: 'ignore' }).status === 0 ? program : null
}

/** The same, or an error that says how to get it. */
export const requireK6 = (environment: NodeJS.ProcessEnv = process.env): string => {
  const found = findK6(environment)
  if (!found) throw new Error(howToGet)
  return found
}
