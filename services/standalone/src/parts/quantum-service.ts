import { openApiDocument } from '@qsm/contract/documents'
import { createQuantumApp } from '@qsm/quantum-crypto'
import { createHttpApp, documents, listenHttp, type Tokens } from '@qsm/server-kit'
import { version } from '../version.js'
import type { Runtime } from './runtime.js'

export interface QuantumService {
  readonly port: number
}

const drainMs = 1_000

/** The quantum service on its port with its documents, closed with the process. */
export const startQuantumService = async (
  runtime: Runtime,
  { tokens }: { readonly tokens: Tokens },
): Promise<QuantumService> => {
  const { config, clock, log, metrics, checkAnswers } = runtime
  const quantum = await createQuantumApp({ tokens, clock, version })
  runtime.step('the algorithms passed their self-test')
  const app = createHttpApp({
    ...{ log, clock, metrics, checkAnswers },
    allowedOrigins: config.ALLOWED_ORIGINS,
    trustProxy: config.TRUST_PROXY,
    groups: [quantum.group],
    extra: [documents(openApiDocument(['quantum-crypto'], { version, title: 'QSM quantum service' }))],
  })
  const http = await listenHttp(app, { host: config.HOST, port: config.QUANTUM_PORT, variable: 'QUANTUM_PORT' })
  runtime.closing.add('quantum port', () => http.stop(drainMs))
  return { port: http.port }
}
