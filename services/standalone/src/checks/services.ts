import { askQuantumHealth, createHttpAccountFeed, createTokens, systemClock } from '@qsm/server-kit'
import type { Target } from '../target.js'
import type { CheckedConfig } from './checked-config.js'
import { type Finding, fail, notRun, ok, reasonOf } from './finding.js'

type Asked = 'AUTH_URL' | 'QUANTUM_API_URL'

/** Whom each asks while it runs. */
const askedBy: Readonly<Record<Target, readonly Asked[]>> = {
  all: [],
  main: ['QUANTUM_API_URL'],
  quantum: ['AUTH_URL'],
  auth: ['QUANTUM_API_URL'],
  message: ['AUTH_URL', 'QUANTUM_API_URL'],
  'quantum-crypto': ['AUTH_URL'],
}

/** Reads the account feed with a credential of this process, so that a JWT_SECRET that differs shows. */
const askAuth = async (authUrl: string, config: CheckedConfig, target: Target): Promise<Finding> => {
  if (!config.JWT_SECRET) return notRun('AUTH_URL', 'JWT_SECRET is not set')
  const tokens = createTokens({ secret: config.JWT_SECRET.reveal(), lifeMs: 60_000, clock: systemClock })
  try {
    await createHttpAccountFeed({ authUrl, tokens, service: target }).eventsAfter(0, 1)
    return ok('AUTH_URL', `${authUrl} gives the account feed`)
  } catch (error) {
    const reason = reasonOf(error)
    if (/answers 401/.test(reason)) {
      return fail('AUTH_URL', `${authUrl} does not take the credential of this pod: give both the same JWT_SECRET`)
    }
    return fail('AUTH_URL', `${reason}: start the auth service, or correct AUTH_URL`)
  }
}

const askQuantum = async (url: string): Promise<Finding> => {
  try {
    await askQuantumHealth(url)()
    return ok('QUANTUM_API_URL', `${url} answers`)
  } catch (error) {
    return fail('QUANTUM_API_URL', `${reasonOf(error)}: start the quantum service, or correct QUANTUM_API_URL`)
  }
}

/** Asks the other services as `target` does while it runs. */
export const checkServices = (config: CheckedConfig, target: Target): Promise<readonly Finding[]> =>
  Promise.all(
    askedBy[target].map(async variable => {
      const url = config[variable]
      if (!url) return notRun(variable, 'is not set')
      return variable === 'AUTH_URL' ? askAuth(url, config, target) : askQuantum(url)
    }),
  )
