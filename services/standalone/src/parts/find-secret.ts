import type { StandaloneConfig } from '../config.js'
import { keptJwtSecret } from '../generated-secret.js'
import type { StartOptions } from './runtime.js'
import { startMainHint, waitFor } from './wait-for.js'

/** The secret by which the main application signs tokens: of JWT_SECRET, or the one that it keeps. Waits for that. */
export const findJwtSecret = (
  config: Pick<StandaloneConfig, 'JWT_SECRET' | 'QSM_DATA_DIR'>,
  options: StartOptions,
): Promise<string> =>
  waitFor(async () => {
    const secret = config.JWT_SECRET?.reveal() ?? keptJwtSecret(config.QSM_DATA_DIR)
    const missing = `there is no secret in ${config.QSM_DATA_DIR} yet: ${startMainHint}, or give both the same JWT_SECRET`
    return secret === null ? { missing } : { value: secret }
  }, options)
