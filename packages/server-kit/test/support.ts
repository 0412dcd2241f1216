import { connect } from 'node:net'
import { Writable } from 'node:stream'
import type Koa from 'koa'
import { pino } from 'pino'
import {
  type BoundRoute,
  type Caller,
  type Clock,
  createHttpApp,
  createMetrics,
  type HttpAppOptions,
  type HttpServer,
  type Logger,
  listenHttp,
  type Metrics,
  QsmError,
  type RouteGroup,
} from '../src/index.js'

/** A clock that stands until it is set. */
export const handClock = (start = 1_800_000_000_000): Clock & { advance(ms: number): void } => {
  let now = start
  return {
    now: () => now,
    advance(ms) {
      now += ms
    },
  }
}

/** A log whose lines can be looked at. */
export const listeningLog = (): { readonly log: Logger; readonly lines: Record<string, unknown>[] } => {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { log: pino({ level: 'debug' }, stream), lines }
}

export const caller: Caller = {
  userId: '01890a5d-ac96-774b-bcce-b302099a8057',
  username: 'alice',
  sessionId: '01890a5d-ac96-774b-bcce-b302099a8058',
  issuedAt: 1_800_000_000_000,
  expiresAt: 1_800_001_800_000,
}

/** A group whose only good token is `good`, for users and services alike. */
export const groupOf = (routes: readonly BoundRoute[], more: Partial<RouteGroup> = {}): RouteGroup => ({
  routes,
  authenticate(token) {
    if (token !== 'good') throw new QsmError('unauthorized')
    return caller
  },
  authenticateService(token) {
    if (token !== 'good') throw new QsmError('unauthorized')
  },
  ...more,
})

export interface TestApp extends HttpServer {
  readonly url: string
  readonly app: Koa
  readonly metrics: Metrics
  readonly lines: Record<string, unknown>[]
}

export const startTestApp = async (
  groups: readonly RouteGroup[],
  options: Partial<HttpAppOptions> = {},
): Promise<TestApp> => {
  const { log, lines } = listeningLog()
  const metrics = createMetrics()
  const app = createHttpApp({
    groups,
    log,
    metrics,
    clock: handClock(),
    allowedOrigins: ['https://app.example.org'],
    trustProxy: false,
    checkAnswers: true,
    ...options,
  })
  const http = await listenHttp(app, { host: '127.0.0.1', port: 0, variable: 'PORT' })
  return { ...http, url: `http://127.0.0.1:${http.port}`, app, metrics, lines }
}

/** Sends bytes as they are and gives all that comes back until the server closes, or until `enough` is satisfied. */
export const rawExchange = (
  port: number,
  parts: readonly (string | Buffer)[],
  enough: (received: string) => boolean = () => false,
): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part)
    })
    const finish = () => {
      socket.destroy()
      resolve(received)
    }
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
      if (enough(received)) finish()
    })
    socket.on('end', finish)
    socket.on('error', error => (received === '' ? reject(error) : finish()))
  })
