import {
  type ConfigOf,
  databaseVariables,
  defineVariables,
  type Environment,
  environmentVariables,
  httpAddress,
  httpVariables,
  podVariables,
  poolerProblems,
  productionProblems,
  readVariables,
  redisProblems,
  redisVariables,
  tokenVariables,
  wholeNumber,
} from '@qsm/server-kit'

/** What the auth service is told, wherever it runs. */
export const authVariables = defineVariables({
  ...environmentVariables,
  ...httpVariables,
  ...databaseVariables,
  ...redisVariables,
  ...tokenVariables,
  REFRESH_EXPIRE_DAYS: {
    schema: wholeNumber(1, 365),
    default: '30',
    doc: 'Days after the last use that a login session lives.',
    example: '30',
  },
  PASSWORD_HASH_CONCURRENCY: {
    schema: wholeNumber(1, 64),
    default: '2',
    doc: 'How many passwords are hashed at once, though where there are two cores or more one is left free of it: with two cores, one at a time. Each takes 19 MiB and a thread for about 15 ms.',
    example: '2',
  },
})

/** What it is told besides where it runs alone. */
export const authPodVariables = defineVariables({
  ...authVariables,
  ...podVariables,
  PORT: { schema: wholeNumber(0, 65_535), default: '8000', doc: 'Port of the auth service.', example: '8000' },
  QUANTUM_API_URL: {
    schema: httpAddress('http://quantum-crypto:8001'),
    doc: 'Address of the quantum service within the cluster; whether it answers is told to clients that log in.',
    example: 'http://quantum-crypto:8001',
  },
})

export type AuthPodConfig = ConfigOf<typeof authPodVariables>

/** The configuration of a pod. Throws `ConfigError` with all problems at once. */
export const readPodConfig = (environment: Environment = process.env): AuthPodConfig =>
  readVariables(authPodVariables, environment, config => [
    ...productionProblems(config),
    ...redisProblems(config),
    ...poolerProblems(config),
  ])
