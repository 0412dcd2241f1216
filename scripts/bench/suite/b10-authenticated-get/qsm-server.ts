// The HTTP part of a pod as it ships: every route of the main port, tokens, documents, metrics, a log line for each request.
// Handlers answer from memory: what is measured is the way of a request to its handler and back.
import { mainRoutes } from '@qsm/contract'
import { openApiDocument } from '@qsm/contract/documents'
import {
  createHttpApp,
  createLog,
  createMetrics,
  createTokens,
  documents,
  listenHttp,
  newId,
  requireUpgrade,
  systemClock,
} from '@qsm/server-kit'
import { bodies } from './answers.js'

const log = createLog({ service: 'message', level: 'info', format: 'json' })
const metrics = createMetrics()
const tokens = createTokens({ secret: 'b'.repeat(48), lifeMs: 3_600_000, clock: systemClock })
const answers = new Map<string, object>(Object.entries(bodies))

const app = createHttpApp({
  ...{ log, metrics, clock: systemClock },
  allowedOrigins: [],
  trustProxy: false,
  groups: [
    {
      routes: mainRoutes
        .filter(({ path }) => !path.startsWith('/ws'))
        .map(contract => ({
          contract,
          handle: async () => ({ status: 200, body: answers.get(contract.operationId) ?? {} }),
        })),
      authenticate: token => tokens.verifyAccess(token),
      authenticateService: () => {},
    },
  ],
  extra: [documents(openApiDocument(['main', 'auth', 'message'], { version: '0', title: 'QSM' })), requireUpgrade],
})
const { port } = await listenHttp(app, { host: '127.0.0.1', port: 0, variable: 'PORT' })
const token = tokens.issueAccess({ userId: newId(), username: 'bench', sessionId: newId() })
// Standard output has the log lines.
console.error(`listening on ${port} with ${token};`)
process.once('SIGTERM', () => process.exit(0))
