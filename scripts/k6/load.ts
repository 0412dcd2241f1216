import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from './bundle.js'
import { forgetPeople, newAccounts } from './prepare/people.js'
import type { Prepared, Shape } from './prepared.js'
import { runK6 } from './run-k6.js'
import type { Scenario } from './scenarios.js'

export interface Load {
  readonly name: string
  readonly scenario: Scenario
  readonly shape: Shape
  readonly k6: string
  /** Where people are made, and forgotten in the end. */
  readonly baseUrl: string
  /** Where k6 sends its load; the same where left out. */
  readonly loadUrl?: string
  readonly results: string
  readonly say: (text: string) => void
  readonly onOutput?: (text: string) => void
}

/** Bundles a scenario, makes its people, runs it and deletes the people again. Resolves with the exit code of k6. */
export const load = async (options: Load): Promise<number> => {
  const { name, scenario, shape, baseUrl, results, say } = options
  const folder = mkdtempSync(join(tmpdir(), 'qsm-load-'))
  const accounts = newAccounts(shape.pairs * scenario.peopleInPair)
  try {
    const script = join(folder, `${name}.js`)
    await bundle(name, script)
    mkdirSync(results, { recursive: true })
    const prepared = join(folder, 'prepared.json')
    if (scenario.makePairs) {
      say(`${name}: ${accounts.length} people are made at ${baseUrl}`)
      const content: Prepared = { shape, pairs: await scenario.makePairs(baseUrl, accounts, shape) }
      writeFileSync(prepared, JSON.stringify(content), { mode: 0o600 })
    }
    return await runK6({
      program: options.k6,
      script,
      baseUrl: options.loadUrl ?? baseUrl,
      ...(scenario.makePairs ? { prepared } : {}),
      results,
      slack: shape.slack,
      ...(options.onOutput ? { onOutput: options.onOutput } : {}),
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await forgetPeople(baseUrl, accounts).catch(error => {
      say(`not all of the accounts load-… were deleted: ${error instanceof Error ? error.message : error}`)
    })
  }
}
