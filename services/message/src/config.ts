import {
  type ConfigOf,
  databaseVariables,
  defineVariables,
  type Environment,
  environmentVariables,
  flag,
  httpAddress,
  httpVariables,
  podVariables,
  poolerProblems,
  productionProblems,
  readVariables,
  redisProblems,
  redisVariables,
  retentionVariables,
  type SocketAccess,
  tokenVariables,
  tracingVariables,
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
  ...tracingVariables,
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
  MAX_SOCKETS_PER_ADDRESS: {
    schema: wholeNumber(1, 1_000_000),
    default: '10000',
    doc: 'The most open sockets of one client address (64 bits of an IPv6 address) in one process; more are refused with 429. Behind a proxy it needs TRUST_PROXY, or all clients are one address.',
    example: '500',
  },
  MAX_SOCKETS_PER_USER: {
    schema: wholeNumber(1, 1_000_000),
    default: '300',
    doc: 'The most open sockets of one user in one process; more are refused with 429.',
    example: '20',
  },
  MAX_UPGRADES_AT_ONCE: {
    schema: wholeNumber(1, 100_000),
    default: '500',
    doc: 'How many sockets one process lets in at the same time; those that come meanwhile are sent away with 503 for a second.',
    example: '200',
  },
})

/** What it is told besides where it runs alone. */
export const messagePodVariables = defineVariables({
  ...messageVariables,
  ...podVariables,
  PORT: {
    schema: wholeNumber(0, 65_535),
    default: '8000',
    doc: 'Port of the message service.',
    example: '8000',
  },
  AUTH_URL: {
    schema: httpAddress('http://auth:8000'),
    doc: 'Address of the auth service within the cluster, whose account feed is followed.',
    example: 'http://auth:8000',
  },
  QUANTUM_API_URL: {
    schema: httpAddress('http://quantum-crypto:8001'),
    doc: 'Address of the quantum service within the cluster, which plays the devices of thin clients.',
    example: 'http://quantum-crypto:8001',
  },
  QUANTUM_PUBLIC_URL: {
    schema: httpAddress('https://qsm.example.org'),
    optional: true,
    doc: 'Address of the quantum service that clients are told. Left out, they are told none: QUANTUM_API_URL stays within the cluster.',
    example: 'https://qsm.example.org',
  },
})

/** How sockets are let in, as the variables say. */
export const socketAccessOf = (
  config: Pick<
    ConfigOf<typeof messageVariables>,
    | 'ALLOWED_ORIGINS'
    | 'TRUST_PROXY'
    | 'MAX_SOCKETS'
    | 'MAX_SOCKETS_PER_ADDRESS'
    | 'MAX_SOCKETS_PER_USER'
    | 'MAX_UPGRADES_AT_ONCE'
  >,
): SocketAccess => ({
  allowedOrigins: config.ALLOWED_ORIGINS,
  trustProxy: config.TRUST_PROXY,
  limits: {
    maxSockets: config.MAX_SOCKETS,
    maxSocketsPerAddress: config.MAX_SOCKETS_PER_ADDRESS,
    maxSocketsPerUser: config.MAX_SOCKETS_PER_USER,
    maxUpgradesAtOnce: config.MAX_UPGRADES_AT_ONCE,
  },
})

export type MessagePodConfig = ConfigOf<typeof messagePodVariables>

/** The configuration of a pod. Throws `ConfigError` with all problems at once. */
export const readPodConfig = (environment: Environment = process.env): MessagePodConfig =>
  readVariables(messagePodVariables, environment, config => [
    ...productionProblems(config),
    ...redisProblems(config),
    ...poolerProblems(config),
  ])
