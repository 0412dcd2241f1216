import { openApiDocument } from '@qsm/contract/documents'
import { supportedSuites } from '@qsm/protocol'
import {
  askQuantumHealth,
  createHttpAccountFeed,
  createTracing,
  documents,
  type Pod,
  packageVersion,
  poolerOf,
  prepareSchema,
  refuseSockets,
  requireUpgrade,
  startPod,
  watchQuantum,
} from '@qsm/server-kit'
import { createMessageApp } from './app.js'
import { type MessagePodConfig, socketAccessOf } from './config.js'
import { createMessageContext, messageMigrations, messageSchema } from './context.js'
import { mainRoutes } from './main-routes.js'
import { createHttpManagedOperations } from './managed/http-managed-operations.js'

/**
 * Runs the message service alone, with what the main port answers for the whole: its schema is brought up to date or
 * waited for, accounts come from the auth service at AUTH_URL.
 */
export const startMessagePod = (config: MessagePodConfig, signal?: AbortSignal): Promise<Pod> =>
  startPod({ service: 'message', config, signal }, async runtime => {
    const { tokens, bus, clock, log, metrics, closing } = runtime
    const version = packageVersion(import.meta.url)
    await prepareSchema(config, runtime, { schema: messageSchema, migrations: messageMigrations })
    const tracing = await createTracing(config, { service: 'qsm-message', log })
    if (tracing) closing.add('tracing', () => tracing.close())
    const context = await createMessageContext({
      ...runtime,
      tracing,
      databaseUrl: config.DATABASE_URL,
      poolMax: config.DATABASE_POOL_MAX,
      pooler: poolerOf(config),
      feed: createHttpAccountFeed({ authUrl: config.AUTH_URL, tokens, service: 'message' }),
      quantum: createHttpManagedOperations({ quantumUrl: config.QUANTUM_API_URL, tokens }),
      retentionDays: config.MESSAGE_RETENTION_DAYS,
    })
    const message = await createMessageApp(context)
    closing.add('message', () => message.close())
    const quantum = await watchQuantum({ check: askQuantumHealth(config.QUANTUM_API_URL), log, metrics })
    closing.add('quantum watch', async () => quantum.stop())
    const pingDatabase = () => context.database.ping()
    const ownRoutes = mainRoutes({
      ...{ version, clock, bus, pingDatabase },
      quantumReady: quantum.isReady,
      quantumApi: config.QUANTUM_PUBLIC_URL ?? null,
      websocketEnabled: config.ENABLE_WEBSOCKET,
      suites: supportedSuites,
    })
    return {
      groups: [{ ...message.group, routes: ownRoutes }, message.group],
      extra: [
        documents(openApiDocument(['main', 'auth', 'message'], { version, title: 'QSM' })),
        config.ENABLE_WEBSOCKET ? requireUpgrade : refuseSockets,
      ],
      checks: { database: pingDatabase },
      attach(server) {
        if (config.ENABLE_WEBSOCKET) message.sockets.attach(server, socketAccessOf(config))
      },
      drain: message.sockets.drain,
    }
  })
