import type { Secret } from './secret.js'
import { secretProblems } from './secret-strength.js'
import type { ConfigProblem } from './variables.js'

interface Judged {
  readonly QSM_ENV?: string | undefined
  readonly JWT_SECRET?: Secret | undefined
  readonly JWT_SECRET_PREVIOUS?: Secret | undefined
  readonly ALLOWED_ORIGINS?: readonly string[] | undefined
}

/** What only development and test may have: secrets that can be guessed, and pages of every origin. */
export const productionProblems = (config: Judged): readonly ConfigProblem[] => {
  const { QSM_ENV: environment } = config
  if (environment === undefined) return [] // Malformed, and told as such.
  const problems = (['JWT_SECRET', 'JWT_SECRET_PREVIOUS'] as const).flatMap(name => {
    const secret = config[name]
    return secret ? secretProblems(environment, name, secret.reveal()) : []
  })
  if (environment !== 'production' || !config.ALLOWED_ORIGINS?.includes('*')) return problems
  const reason = 'may not be * in production: every page on the web could use the tokens of who visits it'
  return [...problems, { variable: 'ALLOWED_ORIGINS', reason, example: 'https://app.example.org' }]
}
