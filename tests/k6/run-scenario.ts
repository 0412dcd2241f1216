import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireK6 } from '../../scripts/k6/find-k6.js'
import { load } from '../../scripts/k6/load.js'
import type { Shown } from '../../scripts/k6/parts/shown.js'
import type { Shape } from '../../scripts/k6/prepared.js'
import { type Scenario, scenarios } from '../../scripts/k6/scenarios.js'

/** Some seconds of each; limits of time are wide, since tests share their machine. */
const short: Shape = { pairs: 2, perSecond: 4, seconds: 4, sockets: 2, slack: 100 }

export interface ScenarioRun {
  readonly exitCode: number
  readonly shown: Shown
  readonly page: string
  readonly said: string
  /** A value of a metric; 0 where it had no sample. */
  value(metric: string, value: string): number
  /** The thresholds that were crossed, as `metric limit`. */
  readonly crossed: readonly string[]
}

/** Runs a scenario for some seconds. People are made at `url`; the load goes to `loadUrl` where that is given. */
export const runScenario = async (name: string, url: string, loadUrl = url): Promise<ScenarioRun> => {
  const results = mkdtempSync(join(tmpdir(), 'qsm-load-results-'))
  let said = ''
  const say = (text: string) => {
    said += `${text}\n`
  }
  try {
    const scenario = scenarios[name] as Scenario
    const exitCode = await load({
      ...{ name, scenario, baseUrl: url, loadUrl, results, say, onOutput: say },
      shape: short,
      k6: requireK6(),
    })
    const read = (ending: string) => {
      try {
        return readFileSync(join(results, `${name}.${ending}`), 'utf8')
      } catch (cause) {
        throw new Error(`${name} wrote no ${ending}, it ended with ${exitCode}:\n${said}`, { cause })
      }
    }
    const shown: Shown = JSON.parse(read('json'))
    return {
      exitCode,
      shown,
      page: read('html'),
      said,
      value: (metric, value) => shown.metrics.find(entry => entry.name === metric)?.values[value] ?? 0,
      crossed: shown.thresholds.filter(({ ok }) => !ok).map(({ metric, limit }) => `${metric} ${limit}`),
    }
  } finally {
    rmSync(results, { recursive: true, force: true })
  }
}
