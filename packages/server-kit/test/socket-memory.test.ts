import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { acceptSockets } from '../src/index.js'
import { listeningLog, startTestApp } from './support.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('an open socket does not keep the request that it came by', async () => {
  const app = await startTestApp([])
  const requests: WeakRef<IncomingMessage>[] = []
  const sockets = acceptSockets<string>(app.server, {
    async authenticate(request) {
      requests.push(new WeakRef(request))
      return 'alice'
    },
    onSocket: () => {},
    allowedOrigins: [],
    log: listeningLog().log,
    now: () => 1_800_000_000_000,
    userOf: identity => identity,
    trustProxy: false,
    limits: { maxSockets: 10, maxSocketsPerAddress: 10, maxSocketsPerUser: 10, maxUpgradesAtOnce: 10 },
  })
  const clients = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const client = new WebSocket(`ws://127.0.0.1:${app.port}/ws`)
      await once(client, 'open')
      return client
    }),
  )
  // A weak reference holds its object until the turn in which it was made is over.
  await sleep(10)
  collectGarbage()
  expect(sockets.open.size).toBe(3)
  expect(requests.map(request => request.deref())).toEqual([undefined, undefined, undefined])
  for (const client of clients) client.terminate()
  await app.stop(100)
})
