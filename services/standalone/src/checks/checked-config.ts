import { readAuthPodConfig } from '@qsm/auth'
import { readMessagePodConfig } from '@qsm/message'
import { type KekConfig, readQuantumPodConfig } from '@qsm/quantum-crypto'
import type { ConfigOf, databaseVariables, redisVariables, Secret } from '@qsm/server-kit'
import { readConfig } from '../config.js'
import type { Target } from '../target.js'

/** What the checks read of the variables of a process or a pod. */
export interface CheckedConfig
  extends ConfigOf<typeof redisVariables>,
    Pick<ConfigOf<typeof databaseVariables>, 'DATABASE_POOLER' | 'DATABASE_PREPARED_STATEMENTS'> {
  readonly QSM_ENV: string
  readonly DATABASE_URL: Secret | undefined
  /** Of pods none: they have a DATABASE_URL. */
  readonly QSM_DATA_DIR: string
  readonly JWT_SECRET?: Secret | undefined
  readonly AUTH_URL?: string | undefined
  readonly QUANTUM_API_URL?: string | undefined
  readonly QSM_PUBLIC_URL?: string | undefined
  readonly ENABLE_WEBSOCKET?: boolean
  readonly KUBERNETES_SERVICE_HOST?: string | undefined
  /** Only where the quantum service runs. */
  readonly kek?: KekConfig
}

const withKek = <Config extends KekConfig>(config: Config) => ({ ...config, kek: config })

const readers: Readonly<Record<Target, () => CheckedConfig>> = {
  all: () => withKek(readConfig(undefined, 'all')),
  main: () => readConfig(undefined, 'main'),
  quantum: () => withKek(readConfig(undefined, 'quantum')),
  auth: () => ({ ...readAuthPodConfig(), QSM_DATA_DIR: '' }),
  message: () => ({ ...readMessagePodConfig(), QSM_DATA_DIR: '' }),
  'quantum-crypto': () => ({ ...withKek(readQuantumPodConfig()), QSM_DATA_DIR: '' }),
}

/** The variables of a process or a pod, exactly as that one reads them. Throws `ConfigError`. */
export const readConfigOf = (target: Target): CheckedConfig => readers[target]()
