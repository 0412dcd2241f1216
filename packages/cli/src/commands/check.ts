import { converse } from '../check/conversation.js'
import { createSteps, StepFailed } from '../check/steps.js'
import { createThrowAwayUser, type ThrowAwayUser } from '../check/throw-away-user.js'
import type { Command } from '../command.js'
import { lookAtServer } from '../findings/server.js'
import { lookAtTls } from '../findings/tls.js'

const defaultSeconds = 60
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Aborts with a reason that a person reads: the time is over, or the process was told to end. */
const limitOf = (seconds: number): { readonly signal: AbortSignal; end(): void } => {
  const stop = new AbortController()
  const timer = setTimeout(
    () => stop.abort(new Error(`stood here when ${seconds} s were over (--timeout)`)),
    seconds * 1_000,
  )
  const onSignal = (name: string) => stop.abort(new Error(`stood here when ${name} came`))
  for (const name of signals) process.once(name, onSignal)
  return {
    signal: stop.signal,
    end() {
      clearTimeout(timer)
      for (const name of signals) process.off(name, onSignal)
    },
  }
}

/** Both are tried, whatever comes of the other. */
const removeAll = async (users: readonly ThrowAwayUser[]): Promise<string> => {
  const results = await Promise.allSettled(users.map(user => user.remove()))
  const left = users.filter((_, index) => results[index]?.status === 'rejected').map(({ username }) => username)
  const reason = results.find(result => result.status === 'rejected')?.reason as Error | undefined
  if (reason) throw new Error(`${left.join(' and ')} may be left at the server: ${reason.message}`)
  return 'both accounts are removed'
}

/** Runs it; a step that has failed was said already. */
const passingOver = (work: Promise<void>): Promise<void> =>
  work.catch((error: unknown) => {
    if (!(error instanceof StepFailed)) throw error
  })

/** Tries an installation end to end with two throw-away users, and removes them whatever happens. */
export const check: Command = async ({ args, output, url: urlOf }) => {
  const url = await urlOf()
  const { signal, end } = limitOf(args.timeoutSeconds ?? defaultSeconds)
  const steps = createSteps(output, signal)
  // The time limit is not that of the removal: its requests have their own.
  const removal = createSteps(output, new AbortController().signal)
  const newUser = () => createThrowAwayUser(url, error => output.warn('fault', error.message))
  const [alice, bob] = [newUser(), newUser()] as const
  const tryAll = async () => {
    await steps.find('server', () => lookAtServer(url), true)
    await steps.find('TLS', () => lookAtTls(url, args.requirePostQuantumTls), false)
    try {
      await converse(steps, alice, bob)
    } finally {
      await removal.run({ name: 'remove', hint: '', work: () => removeAll([alice, bob]) })
    }
  }
  try {
    await passingOver(tryAll())
  } finally {
    end()
  }
  if (steps.hasFailed || removal.hasFailed) throw new Error('The installation does not pass: see FAIL above.')
}
