import type { AccountFeed } from '@qsm/contract'
import { openApiDocument } from '@qsm/contract/documents'
import { createQuantumApp, createQuantumContext, openKek, perMinuteOf, type QuantumApp } from '@qsm/quantum-crypto'
import { createHttpApp, documents, listenHttp, type Secret, type Tokens } from '@qsm/server-kit'
import { version } from '../version.js'
import type { Runtime } from './runtime.js'

export interface QuantumService {
  readonly port: number
  readonly app: QuantumApp
  /** Takes no more requests and lets those under way finish; the process does it at last where nobody did before. */
  stopPort(): Promise<void>
}

/** The quantum service on its port with its documents, closed with the process. */
export const startQuantumService = async (
  runtime: Runtime,
  options: { readonly databaseUrl: Secret; readonly tokens: Tokens; readonly feed: AccountFeed },
): Promise<QuantumService> => {
  const { config, rateLimits, bus, clock, log, metrics, checkAnswers } = runtime
  const { kek, close } = await openKek(config)
  runtime.closing.add('key-encryption key', async () => close())
  const context = await createQuantumContext({
    ...{ ...options, kek, version, rateLimits, bus, clock, log, metrics },
    poolMax: config.DATABASE_POOL_MAX,
    perMinute: perMinuteOf(config),
    retentionDays: config.MESSAGE_RETENTION_DAYS,
    signingThreads: config.QUANTUM_SIGNING_THREADS,
    wasmBuild: config.QUANTUM_WASM_BUILD,
  })
  const quantum = await createQuantumApp(context)
  runtime.closing.add('quantum', () => quantum.close())
  runtime.step('the algorithms passed their self-test')
  const app = createHttpApp({
    ...{ log, clock, metrics, checkAnswers },
    allowedOrigins: config.ALLOWED_ORIGINS,
    trustProxy: config.TRUST_PROXY,
    groups: [quantum.group],
    extra: [documents(openApiDocument(['quantum-crypto'], { version, title: 'QSM quantum service' }))],
  })
  const http = await listenHttp(app, { host: config.HOST, port: config.QUANTUM_PORT, variable: 'QUANTUM_PORT' })
  let stopped: Promise<void> | null = null
  const stopPort = () => {
    stopped ??= http.stop(config.DRAIN_SECONDS * 1_000)
    return stopped
  }
  runtime.closing.add('quantum port', stopPort)
  return { port: http.port, app: quantum, stopPort }
}
