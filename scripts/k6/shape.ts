import type { Shape } from './prepared.js'
import type { Scenario } from './scenarios.js'

export const shapeVariables: Readonly<Record<keyof Shape, string>> = {
  pairs: 'LOAD_PAIRS',
  perSecond: 'LOAD_PER_SECOND',
  seconds: 'LOAD_SECONDS',
  sockets: 'LOAD_SOCKETS',
  slack: 'LOAD_SLACK',
}

/** The shape of a scenario, with what the environment says otherwise. Throws where that is no number above 0. */
export const shapeOf = (scenario: Scenario, environment: Readonly<Record<string, string | undefined>>): Shape => {
  const shape: Shape = { ...scenario.shape, slack: 1 }
  const given = Object.entries(shapeVariables).flatMap(([key, variable]) => {
    const text = environment[variable]
    if (text === undefined || text === '') return []
    const value = Number(text)
    if (!Number.isFinite(value) || value <= 0) throw new Error(`${variable}: a number above 0, not "${text}"`)
    if ((key === 'pairs' || key === 'sockets') && !Number.isInteger(value)) {
      throw new Error(`${variable}: a whole number, not "${text}"`)
    }
    return [[key, value]]
  })
  return { ...shape, ...Object.fromEntries(given) }
}
