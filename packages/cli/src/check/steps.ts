import { type Finding, sayFinding } from '../findings/finding.js'
import type { Output } from '../output.js'

/** A step of a check has failed, and was said; nothing is left to say. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
}

export interface Step {
  readonly name: string
  /** What to do where the time is over at this step. */
  readonly hint: string
  /** Resolves with what was seen. Throws with what to do. The signal says that nobody waits any more. */
  readonly work: (signal: AbortSignal) => Promise<string>
}

/** Runs steps one after the other and says each with its duration. */
export interface Steps {
  /** Whether a step has failed. */
  readonly hasFailed: boolean
  /** Throws `StepFailed` where the step fails, or where the signal comes first: its reason is what is said then. */
  run(step: Step): Promise<void>
  /** Says findings; a finding that is not ok counts as failed, and throws `StepFailed` where `isNeeded`. */
  find(name: string, look: () => Promise<readonly Finding[]>, isNeeded: boolean): Promise<void>
}

/** Rejects with the reason of the signal. What is still under way is not waited for, and its failure is of no interest. */
const until = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const createSteps = (output: Output, signal: AbortSignal): Steps => {
  let hasFailed = false
  const say = async (finding: Finding, begun: number) => {
    if (!finding.ok) hasFailed = true
    await sayFinding(output, finding, performance.now() - begun)
  }
  return {
    get hasFailed() {
      return hasFailed
    },
    async run({ name, hint, work }) {
      const begun = performance.now()
      let detail: string
      try {
        detail = await until(signal, work(signal))
      } catch (error) {
        const isStopped = signal.aborted && error === signal.reason
        await say({ name, ok: false, detail: `${messageOf(error)}${isStopped ? `: ${hint}` : ''}` }, begun)
        throw new StepFailed(name)
      }
      await say({ name, ok: true, detail }, begun)
    },
    async find(name, look, isNeeded) {
      const begun = performance.now()
      const findings = await until(signal, look()).catch((error: unknown) => [
        { name, ok: false, detail: messageOf(error) },
      ])
      for (const finding of findings) await say(finding, begun)
      if (signal.aborted || (isNeeded && findings.some(({ ok }) => !ok))) throw new StepFailed(name)
    },
  }
}
