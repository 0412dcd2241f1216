import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { afterEach, beforeEach } from 'vitest'
import WebSocket from 'ws'
import {
  acceptSockets,
  QsmError,
  type RouteGroup,
  type Socket,
  type SocketOptions,
  type Sockets,
} from '../src/index.js'
import { listeningLog, startTestApp, type TestApp } from './support.js'

/** Limits that no test of something else meets. */
export const wide = { maxSockets: 10, maxSocketsPerAddress: 10, maxSocketsPerUser: 10, maxUpgradesAtOnce: 10 }

/** What lets an upgrade in. */
export const headers = { authorization: 'Bearer good' }

/** An identity that is told later. */
export const deferred = () => {
  let resolve: (name: string) => void = () => {}
  const promise = new Promise<string>(done => {
    resolve = done
  })
  return { promise, resolve: (name: string) => resolve(name) }
}

export interface SocketKit {
  app: TestApp
  sockets: Sockets
  /** The sockets of this test that were let in, in their order. */
  taken: { socket: Socket; identity: string; request: IncomingMessage }[]
  /** What the test does with each socket that was let in. */
  onSocket: (socket: Socket, identity: string) => void
  /** Starts the server of this test. */
  start(options?: Partial<SocketOptions<string>>): Promise<void>
  open(path?: string, options?: WebSocket.ClientOptions & { protocol?: string }): WebSocket
  opened(...given: Parameters<SocketKit['open']>): Promise<WebSocket>
}

/** A server with these routes that takes sockets: a new one for each test of the file, which starts it. */
export const useSocketApp = (groups: readonly RouteGroup[] = []): SocketKit => {
  const kit = {
    async start(options = {}) {
      kit.app = await startTestApp(groups)
      let request: IncomingMessage
      kit.sockets = acceptSockets<string>(kit.app.server, {
        async authenticate(given, ticket) {
          request = given
          if (ticket !== null) return `ticket ${ticket}`
          if (given.headers.authorization !== 'Bearer good') throw new QsmError('unauthorized')
          return 'alice'
        },
        onSocket(socket, identity) {
          kit.taken.push({ socket, identity, request })
          kit.onSocket(socket, identity)
        },
        allowedOrigins: ['https://app.example.org'],
        log: listeningLog().log,
        metrics: kit.app.metrics,
        now: () => 1_800_000_000_000,
        userOf: identity => identity,
        trustProxy: false,
        limits: wide,
        ...options,
      })
    },
    open: (path = '/ws', options = {}) =>
      new WebSocket(`ws://127.0.0.1:${kit.app.port}${path}`, options.protocol ? [options.protocol] : [], {
        headers,
        ...options,
      }),
    async opened(path, options) {
      const client = kit.open(path, options)
      await once(client, 'open')
      return client
    },
  } as SocketKit
  beforeEach(() => {
    kit.taken = []
    kit.onSocket = () => {}
  })
  afterEach(() => kit.app.stop(100))
  return kit
}
