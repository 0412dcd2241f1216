import type { Logger } from '../log.js'

/** Undoes what a start has done, last first. */
export interface StopSequence {
  add(name: string, stop: () => unknown): void
  /** Runs all steps, each after the one before; a step that fails is logged and does not keep the others from running. */
  run(): Promise<void>
}

export const createStopSequence = (log: Logger): StopSequence => {
  const steps: { readonly name: string; readonly stop: () => unknown }[] = []
  return {
    add(name, stop) {
      steps.push({ name, stop })
    },
    async run() {
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step.stop()
        } catch (error) {
          log.error({ err: error, step: step.name }, 'a part did not stop in order')
        }
      }
    },
  }
}
