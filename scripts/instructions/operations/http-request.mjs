import { createServer } from 'node:http'
import { acknowledge } from '@qsm/contract'
import { createHttpApp } from '../../../packages/server-kit/dist/src/http/create-app.js'
import { route } from '../../../packages/server-kit/dist/src/http/route.js'
import { createLog } from '../../../packages/server-kit/dist/src/log.js'
import { createMetrics } from '../../../packages/server-kit/dist/src/metrics/registry.js'
import { createTokens } from '../../../packages/server-kit/dist/src/tokens/access-tokens.js'
import { InMemoryConnection } from './in-memory-connection.mjs'

const clock = { now: () => 1_767_225_600_000 }
const tokens = createTokens({ secret: 'a secret that is only counted with, of 48 letters', lifeMs: 900_000, clock })
const token = tokens.issueAccess({
  userId: '01890a5d-ac96-774b-bcce-b302099a8057',
  username: 'alice',
  sessionId: '01890a5d-aeea-7c3e-8c1e-0d2f6b1a9c55',
})
const body = '{"up_to":42}'
const request = Buffer.from(
  [
    `POST ${acknowledge.path} HTTP/1.1`,
    'Host: chat.example.org',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n'),
)

const createApp = () =>
  createHttpApp({
    groups: [
      {
        routes: [route(acknowledge)(async () => ({ status: 204 }))],
        authenticate: tokens.verifyAccess,
        authenticateService: () => {},
      },
    ],
    log: createLog({ service: 'count', level: 'info', destination: { write: () => {} } }),
    clock,
    metrics: createMetrics(),
    allowedOrigins: [],
    trustProxy: false,
  })

/** One request after the other over one connection, from its bytes to those of the answer. */
export const prepare = () => {
  const server = createServer(createApp().callback())
  const connection = new InMemoryConnection()
  server.emit('connection', connection)
  const ask = () =>
    new Promise((resolve, reject) => {
      connection.onWritten(bytes => {
        if (bytes.includes('HTTP/1.1 204')) resolve()
        else reject(new Error(String(bytes)))
      })
      connection.push(request)
    })
  return async count => {
    for (let done = 0; done < count; done += 1) await ask()
  }
}
