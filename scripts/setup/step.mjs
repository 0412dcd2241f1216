// One line of progress for each step, on standard error: standard output belongs to what is started.

/** An error whose message says everything; printed without a stack. */
export class SetupError extends Error {
  name = 'SetupError'
}

/** The seconds are since the process began, as those of the server are that goes on in it. */
export const say = text => console.error(`qsm  ${(performance.now() / 1_000).toFixed(1)} s  ${text}`)

/** Runs a long step, and says every 15 seconds that it goes on. */
export const withBeat = async (text, work) => {
  const beat = setInterval(() => say(text), 15_000)
  try {
    return await work()
  } finally {
    clearInterval(beat)
  }
}

/** Ends the process with the message of a failed step. */
export const fail = error => {
  console.error(error instanceof SetupError ? `\n${error.message}` : error)
  process.exit(1)
}
