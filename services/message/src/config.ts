import {
  type ConfigOf,
  databaseVariables,
  defineVariables,
  type Environment,
  environmentVariables,
  flag,
  hostVariable,
  httpVariables,
  productionProblems,
  readVariables,
  redisProblems,
  redisVariables,
  retentionVariables,
  serviceUrl,
  tokenVariables,
  wholeNumber,
} from '@qsm/server-kit'

/** What the message service is told, wherever it runs. */
export const messageVariables = defineVariables({
  ...environmentVariables,
  ...httpVariables,
  ...databaseVariables,
  ...redisVariables,
  ...tokenVariables,
  ...retentionVariables,
  ENABLE_WEBSOCKET: {
    schema: flag,
    default: 'true',
    doc: 'Whether sockets are served at /ws; without them clients poll.',
    example: 'true',
  },
  MAX_SOCKETS: {
    schema: wholeNumber(1, 1_000_000),
    default: '20000',
    doc: 'The most open sockets of one process; more are refused with 503.',
    example: '20000',
  },
})

/** What it is told besides where it runs alone. */
export const messagePodVariables = defineVariables({
  ...messageVariables,
  ...hostVariable,
  PORT: {
    schema: wholeNumber(0, 65_535),
    default: '8000',
    doc: 'Port of the message service.',
    example: '8000',
  },
  AUTH_URL: {
    schema: serviceUrl('http://auth:8000'),
    doc: 'Address of the auth service within the cluster, whose account feed is followed.',
    example: 'http://auth:8000',
  },
  QUANTUM_API_URL: {
    schema: serviceUrl('http://quantum-crypto:8001'),
    doc: 'Address of the quantum service within the cluster, which plays the devices of thin clients.',
    example: 'http://quantum-crypto:8001',
  },
  QUANTUM_PUBLIC_URL: {
    schema: serviceUrl('https://qsm.example.org'),
    optional: true,
    doc: 'Address of the quantum service that clients are told; QUANTUM_API_URL where left out.',
    example: 'https://qsm.example.org',
  },
})

export type MessagePodConfig = ConfigOf<typeof messagePodVariables>

/** The configuration of a pod. Throws `ConfigError` with all problems at once. */
export const readPodConfig = (environment: Environment = process.env): MessagePodConfig =>
  readVariables(messagePodVariables, environment, config => [...productionProblems(config), ...redisProblems(config)])
