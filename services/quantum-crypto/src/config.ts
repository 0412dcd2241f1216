import {
  type ConfigOf,
  databaseVariables,
  defineVariables,
  type Environment,
  environmentVariables,
  httpVariables,
  productionProblems,
  readVariables,
  tokenVariables,
  wholeNumber,
} from '@qsm/server-kit'
import { z } from 'zod'
import { kekVariables } from './config/kek-variables.js'
import { kekProblems } from './kek/open-kek.js'

/** What the quantum service is told, wherever it runs. */
export const quantumVariables = defineVariables({
  ...environmentVariables,
  ...httpVariables,
  ...databaseVariables,
  ...tokenVariables,
  ...kekVariables,
})

/** What it is told besides where it runs alone. */
export const quantumPodVariables = defineVariables({
  ...quantumVariables,
  HOST: {
    schema: z.string().min(1, 'an address to listen on'),
    default: '0.0.0.0',
    doc: 'Address to listen on.',
    example: '0.0.0.0',
  },
  PORT: { schema: wholeNumber(0, 65_535), default: '8001', doc: 'Port of the quantum service.', example: '8001' },
  AUTH_URL: {
    schema: z.url({ protocol: /^https?$/, error: 'an address such as http://auth:8000' }),
    doc: 'Address of the auth service within the cluster, whose account feed is followed.',
    example: 'http://auth:8000',
  },
})

export type QuantumPodConfig = ConfigOf<typeof quantumPodVariables>

/** The configuration of a pod. Throws `ConfigError` with all problems at once. */
export const readPodConfig = (environment: Environment = process.env): QuantumPodConfig =>
  readVariables(quantumPodVariables, environment, config => [...productionProblems(config), ...kekProblems(config)])
