import {
  type ConfigOf,
  databaseVariables,
  defineVariables,
  type Environment,
  environmentVariables,
  flag,
  httpVariables,
  productionProblems,
  readVariables,
  redisVariables,
  retentionVariables,
  tokenVariables,
  wholeNumber,
} from '@qsm/server-kit'
import { z } from 'zod'

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
  HOST: {
    schema: z.string().min(1, 'an address to listen on'),
    default: '0.0.0.0',
    doc: 'Address to listen on.',
    example: '0.0.0.0',
  },
  PORT: {
    schema: wholeNumber(0, 65_535),
    default: '8000',
    doc: 'Port of the message service.',
    example: '8000',
  },
  AUTH_URL: {
    schema: z.url({ protocol: /^https?$/, error: 'an address such as http://auth:8000' }),
    doc: 'Address of the auth service within the cluster, whose account feed is followed.',
    example: 'http://auth:8000',
  },
  QUANTUM_URL: {
    schema: z.url({ protocol: /^https?$/, error: 'an address such as http://quantum-crypto:8001' }),
    doc: 'Address of the quantum service within the cluster, which plays the devices of thin clients.',
    example: 'http://quantum-crypto:8001',
  },
})

export type MessagePodConfig = ConfigOf<typeof messagePodVariables>

/** The configuration of a pod. Throws `ConfigError` with all problems at once. */
export const readPodConfig = (environment: Environment = process.env): MessagePodConfig =>
  readVariables(messagePodVariables, environment, productionProblems)
