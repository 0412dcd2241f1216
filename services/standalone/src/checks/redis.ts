import { probeRedis } from '@qsm/server-kit'
import type { CheckedConfig } from './checked-config.js'
import { type Finding, fail, notRun, ok, reasonOf } from './finding.js'

const name = 'Redis'

/** Reaches Redis and does there what pods do. */
export const checkRedis = async (config: CheckedConfig): Promise<Finding> => {
  try {
    const refused = await probeRedis(config)
    if (refused === null) return notRun(name, 'REDIS_URL is not set: this process is alone')
    if (refused.length === 0) return ok(name, 'reached, with all rights that are needed')
    const text = `its user may not run ${refused.join(', ')} on qsm:*: give it the rights that docs/replicas.md names`
    return fail(name, text)
  } catch (error) {
    const by = config.REDIS_SENTINELS?.length ? 'REDIS_URL and REDIS_SENTINELS say' : 'REDIS_URL says'
    return fail(name, `does not answer as ${by} (${reasonOf(error)}): correct address, user or password, or start it`)
  }
}
