// One line of progress for each step, on standard error: standard output belongs to what is started.

const begun = performance.now()

/** An error whose message says everything; printed without a stack. */
export class SetupError extends Error {
  name = 'SetupError'
}

export const say = text => console.error(`qsm  ${((performance.now() - begun) / 1_000).toFixed(1)} s  ${text}`)

/** Ends the process with the message of a failed step. */
export const fail = error => {
  console.error(error instanceof SetupError ? `\n${error.message}` : error)
  process.exit(1)
}
