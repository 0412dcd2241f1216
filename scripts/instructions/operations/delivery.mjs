import { createServer } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { encodeDeliveryFrame } from '@qsm/contract'
import { createLog } from '../../../packages/server-kit/dist/src/log.js'
import { acceptSockets } from '../../../packages/server-kit/dist/src/socket/accept.js'
import { envelope } from './envelope-vector.mjs'
import { InMemoryConnection } from './in-memory-connection.mjs'

const upgrade = [
  'GET /ws HTTP/1.1',
  'Host: chat.example.org',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n')

const openSocket = () =>
  new Promise(resolve => {
    const server = createServer()
    acceptSockets(server, {
      allowedOrigins: [],
      trustProxy: false,
      limits: { maxSockets: 1, maxSocketsPerAddress: 1, maxSocketsPerUser: 1, maxUpgradesAtOnce: 1 },
      authenticate: async () => 'alice',
      userOf: identity => identity,
      onSocket: socket => resolve({ socket, connection }),
      log: createLog({ service: 'count', level: 'fatal' }),
      now: () => 1_767_225_600_000,
    })
    const connection = new InMemoryConnection()
    server.emit('connection', connection)
    connection.push(upgrade)
  })

const perTurn = 10

/** Deliveries to one socket, ten in each turn of the event loop, from the stored entry to the bytes for the network. */
export const prepare = async () => {
  const { socket, connection } = await openSocket()
  let taken = 0
  connection.onWritten(bytes => {
    taken += bytes.length
  })
  return async count => {
    taken = 0
    for (let done = 0; done < count; done += 1) {
      socket.sendBinary(
        encodeDeliveryFrame({ sequence: 42 + done, receivedAt: 1_767_225_600_000, body: null, envelope }),
      )
      if (done % perTurn === perTurn - 1) await setImmediate()
    }
    if (taken < count * envelope.length) throw new Error(`${taken} bytes of ${count} deliveries left`)
  }
}
