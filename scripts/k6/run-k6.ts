import { spawn } from 'node:child_process'

export interface K6Run {
  readonly program: string
  readonly script: string
  readonly baseUrl: string
  /** The file of `Prepared`; left out where the scenario needs none. */
  readonly prepared?: string
  /** Where NAME.json and NAME.html go. */
  readonly results: string
  readonly slack: number
  /** Takes what k6 says; left out, it goes to the terminal. */
  readonly onOutput?: (text: string) => void
}

/** Runs k6; resolves with its exit code: 0, 99 where a threshold was crossed, others where it could not run. */
export const runK6 = async (run: K6Run): Promise<number> => {
  const child = spawn(run.program, ['run', '--address', '', run.script], {
    env: {
      ...process.env,
      BASE_URL: run.baseUrl,
      LOAD_FILE: run.prepared ?? '',
      LOAD_RESULTS: run.results,
      LOAD_SLACK: String(run.slack),
      K6_NO_USAGE_REPORT: 'true',
    },
    stdio: ['ignore', ...(run.onOutput ? (['pipe', 'pipe'] as const) : (['inherit', 'inherit'] as const))],
  })
  const take = (data: unknown) => run.onOutput?.(String(data))
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  // Ctrl-C reaches k6 too, which ends the run in order; what was prepared is to be cleared away after that.
  const pass = () => void child.kill('SIGINT')
  const stay = () => {}
  process.on('SIGINT', stay)
  process.on('SIGTERM', pass)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code => resolve(code ?? 1))
    })
  } finally {
    process.off('SIGINT', stay)
    process.off('SIGTERM', pass)
  }
}
