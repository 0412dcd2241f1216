import { authVariables } from '@qsm/auth'
import { messageVariables } from '@qsm/message'
import { kekProblems, kekVariables, quantumVariables } from '@qsm/quantum-crypto'
import {
  type ConfigOf,
  type ConfigProblem,
  databaseVariables,
  defineVariables,
  type Environment,
  environmentVariables,
  httpAddress,
  poolerProblems,
  productionProblems,
  readVariables,
  redisProblems,
  wholeNumber,
} from '@qsm/server-kit'
import { z } from 'zod'
import type { ProcessPart } from './target.js'

/** All services in one process: their variables together, with what one machine needs less. */
export const standaloneVariables = defineVariables({
  ...authVariables,
  ...messageVariables,
  ...quantumVariables,
  QSM_ENV: { ...environmentVariables.QSM_ENV, default: 'development' },
  DATABASE_URL: {
    ...authVariables.DATABASE_URL,
    optional: true,
    doc: 'A PostgreSQL server; left out, an embedded one runs on QSM_DATA_DIR.',
  },
  JWT_SECRET: {
    ...authVariables.JWT_SECRET,
    optional: true,
    doc: 'Signs access tokens (HS256), at least 32 random characters. In development one is drawn and kept in QSM_DATA_DIR.',
  },
  HOST: { schema: z.string().min(1), default: '127.0.0.1', doc: 'Address to listen on.', example: '0.0.0.0' },
  PORT: { schema: wholeNumber(0, 65_535), default: '8000', doc: 'Port of the main application.', example: '8000' },
  QUANTUM_PORT: {
    schema: wholeNumber(0, 65_535),
    default: '8001',
    doc: 'Port of the quantum service.',
    example: '8001',
  },
  QUANTUM_API_URL: {
    schema: httpAddress('http://quantum:8001'),
    optional: true,
    doc: 'Address of the quantum service: the main application calls it there and tells it to clients. By default that of QUANTUM_PORT on this machine. Where everything runs in one process it is only told.',
    example: 'http://quantum:8001',
  },
  AUTH_URL: {
    schema: httpAddress('http://main:8000'),
    optional: true,
    doc: 'Address of the main application, for a quantum service that is a process of its own: it asks there which accounts and login sessions are over. By default that of PORT on this machine.',
    example: 'http://main:8000',
  },
  QUANTUM_PUBLIC_URL: {
    schema: httpAddress('https://quantum.example.org'),
    optional: true,
    doc: 'What clients are told instead, where they reach the quantum service at another address than the main application.',
    example: 'https://quantum.example.org',
  },
  QUANTUM_ADMIN_PORT: {
    schema: wholeNumber(0, 65_535),
    default: '9465',
    doc: 'Admin port of the quantum service where it is a process of its own.',
    example: '9465',
  },
  QSM_DATA_DIR: {
    schema: z.string().min(1),
    default: './.data',
    doc: 'Where the embedded database and generated secrets are.',
    example: '/var/lib/qsm',
  },
})

export type StandaloneConfig = ConfigOf<typeof standaloneVariables>

/** Where the database is: no secret of the services. */
const databasePlaceVariables = {
  QSM_ENV: standaloneVariables.QSM_ENV,
  DATABASE_URL: standaloneVariables.DATABASE_URL,
  QSM_DATA_DIR: standaloneVariables.QSM_DATA_DIR,
}

const poolerVariables = {
  DATABASE_POOLER: databaseVariables.DATABASE_POOLER,
  DATABASE_PREPARED_STATEMENTS: databaseVariables.DATABASE_PREPARED_STATEMENTS,
}

const example = 'the output of: openssl rand -base64 48'

const check = (config: Partial<StandaloneConfig>, part: ProcessPart): readonly ConfigProblem[] => {
  const problems: ConfigProblem[] = [...productionProblems(config), ...redisProblems(config), ...poolerProblems(config)]
  if (config.QSM_ENV === 'production' && !config.JWT_SECRET) {
    problems.push({ variable: 'JWT_SECRET', reason: 'must be set in production', example })
  }
  if (part !== 'main') problems.push(...kekProblems(config))
  const { PORT: port = 0 } = config
  if (part === 'all' && port !== 0 && port === config.QUANTUM_PORT) {
    problems.push({ variable: 'QUANTUM_PORT', reason: 'is the same as PORT', example: String(port + 1) })
  }
  return problems
}

/** The configuration of a process in which `part` runs. Throws `ConfigError` with all problems at once. */
export const readConfig = (environment: Environment = process.env, part: ProcessPart = 'all'): StandaloneConfig =>
  readVariables(standaloneVariables, environment, config => check(config, part))

const migrationVariables = { ...databasePlaceVariables, DATABASE_POOLER: databaseVariables.DATABASE_POOLER }

/** What migrating needs. Throws `ConfigError` with all problems at once. */
export const readDatabasePlace = (environment: Environment = process.env): ConfigOf<typeof migrationVariables> =>
  readVariables(migrationVariables, environment, poolerProblems)

const rotationVariables = {
  ...databasePlaceVariables,
  ...poolerVariables,
  ...kekVariables,
  LOG_LEVEL: standaloneVariables.LOG_LEVEL,
}

/** What wrapping the data keys anew needs. Throws `ConfigError` with all problems at once. */
export const readRotationConfig = (environment: Environment = process.env): ConfigOf<typeof rotationVariables> =>
  readVariables(rotationVariables, environment, kekProblems)
