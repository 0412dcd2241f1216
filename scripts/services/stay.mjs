import { setTimeout as wait } from 'node:timers/promises'
import { SetupError, say } from '../setup/step.mjs'
import { readPidFile } from './pid-file.mjs'
import { services } from './services.mjs'

const lookEveryMs = 500

/** Waits for a signal. Throws `SetupError` when one of the services ends by itself. */
export const stayUntilOneEnds = async signal => {
  say('both run; Ctrl-C stops them')
  while (!signal.aborted) {
    const gone = services.find(({ pidFile }) => !readPidFile(pidFile)?.isRunning)
    if (gone) throw new SetupError(`The ${gone.title} has ended by itself. Look into ${gone.logFile}`)
    await wait(lookEveryMs, undefined, { signal }).catch(() => {}) // The signal is what it waits for.
  }
}
