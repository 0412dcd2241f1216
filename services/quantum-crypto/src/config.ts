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
  retentionVariables,
  tokenVariables,
  wholeNumber,
} from '@qsm/server-kit'
import * as z from 'zod'
import type { PerMinute } from './callers/user-limits.js'
import { kekVariables } from './config/kek-variables.js'
import { kekProblems } from './kek/open-kek.js'

/** What the quantum service is told, wherever it runs. */
export const quantumVariables = defineVariables({
  ...environmentVariables,
  ...httpVariables,
  ...databaseVariables,
  ...redisVariables,
  ...tokenVariables,
  ...retentionVariables,
  ...kekVariables,
  QUANTUM_SIGNING_THREADS: {
    schema: wholeNumber(1, 64),
    default: '2',
    doc: 'Threads that sign with Falcon-512 and make its keys, so that nothing else waits for them.',
    example: '2',
  },
  QUANTUM_WASM_BUILD: {
    schema: z.enum(['fast', 'stock'], 'fast or stock'),
    default: 'fast',
    doc: 'Which build of ML-KEM and Falcon-512 the quantum service runs: ours, which signs 17 times as fast, or the stock build of liboqs, whose Falcon computes with integers alone.',
    example: 'stock',
  },
  QUANTUM_CALLS_PER_MINUTE: {
    schema: wholeNumber(1, 10_000_000),
    default: '6000',
    doc: 'How often a minute each user may call the quantum service; of a batch, each entry counts.',
    example: '6000',
  },
  QUANTUM_SIGNS_PER_MINUTE: {
    schema: wholeNumber(1, 1_000_000),
    default: '600',
    doc: 'How often a minute each user may sign with a managed key.',
    example: '600',
  },
  QUANTUM_KEYGENS_PER_MINUTE: {
    schema: wholeNumber(1, 100_000),
    default: '30',
    doc: 'How often a minute each user may make managed keys.',
    example: '30',
  },
})

type LimitVariables = 'QUANTUM_CALLS_PER_MINUTE' | 'QUANTUM_SIGNS_PER_MINUTE' | 'QUANTUM_KEYGENS_PER_MINUTE'

/** The limits for each user as the context takes them. */
export const perMinuteOf = (config: Pick<ConfigOf<typeof quantumVariables>, LimitVariables>): PerMinute => ({
  calls: config.QUANTUM_CALLS_PER_MINUTE,
  signs: config.QUANTUM_SIGNS_PER_MINUTE,
  keygens: config.QUANTUM_KEYGENS_PER_MINUTE,
})

/** What it is told besides where it runs alone. */
export const quantumPodVariables = defineVariables({
  ...quantumVariables,
  ...podVariables,
  PORT: { schema: wholeNumber(0, 65_535), default: '8001', doc: 'Port of the quantum service.', example: '8001' },
  AUTH_URL: {
    schema: httpAddress('http://auth:8000'),
    doc: 'Address of the auth service within the cluster, whose account feed is followed.',
    example: 'http://auth:8000',
  },
})

export type QuantumPodConfig = ConfigOf<typeof quantumPodVariables>

/** The configuration of a pod. Throws `ConfigError` with all problems at once. */
export const readPodConfig = (environment: Environment = process.env): QuantumPodConfig =>
  readVariables(quantumPodVariables, environment, config => [
    ...productionProblems(config),
    ...redisProblems(config),
    ...poolerProblems(config),
    ...kekProblems(config),
  ])
