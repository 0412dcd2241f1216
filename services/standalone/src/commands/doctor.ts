import { ConfigError } from '@qsm/server-kit'
import { checkAlgorithms } from '../checks/algorithms.js'
import { type CheckedConfig, readConfigOf } from '../checks/checked-config.js'
import { openDatabaseCheck } from '../checks/database.js'
import { type Finding, fail, ok } from '../checks/finding.js'
import { checkKek } from '../checks/key-encryption-key.js'
import { checkPublicAddress } from '../checks/public-address.js'
import { checkRedis } from '../checks/redis.js'
import { checkServices } from '../checks/services.js'
import type { Target } from '../target.js'

const say = ({ name, state, detail }: Finding) => console.log(`${state.padEnd(7)}  ${name.padEnd(22)} ${detail}`)

/** What needs the variables, in the order in which a cause stands before what comes of it. */
const checksOf = (config: CheckedConfig, target: Target) => [
  () => openDatabaseCheck(config, target),
  () => checkKek(config),
  async () => [await checkRedis(config)],
  () => checkServices(config, target),
  () => checkPublicAddress(config),
]

/** Looks at everything that a process or a pod needs, and says for each part whether it is right: 1 where one is not. */
export const doctor = async (target: Target): Promise<number> => {
  let failed = false
  const tell = (findings: readonly Finding[]) => {
    for (const finding of findings) say(finding)
    failed ||= findings.some(({ state }) => state === 'FAIL')
  }
  tell([ok('Node.js', process.version)])
  try {
    const config = readConfigOf(target)
    tell([ok('configuration', `${config.QSM_ENV}, ${config.DATABASE_URL ? 'outside' : 'embedded'} PostgreSQL`)])
    tell(await checkAlgorithms())
    for (const check of checksOf(config, target)) tell(await check())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    tell([fail('configuration', error.message)])
    tell(await checkAlgorithms())
  }
  return failed ? 1 : 0
}
