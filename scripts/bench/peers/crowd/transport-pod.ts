// transport-pod.ts [each] [bytes] [Redis]: a pod's own socket and bus code without the services on top: what one client
// publishes goes to all sockets of all such pods. QSM itself sends nothing to a crowd; this measures what carries its frames,
// beside systems that do. As in QSM a hint carries ids alone, so each pod makes the text of a message itself. With "each" a frame
// is made for every socket, as QSM's sealed envelopes need it, otherwise once for all.
import { createServer } from 'node:http'
import {
  acceptSockets,
  createLog,
  createMemoryBus,
  createMetrics,
  createRedisBus,
  frameText,
  type Socket,
} from '@qsm/server-kit'

const [way = 'once', bytes = '256', redisUrl = ''] = process.argv.slice(2)
const room = '01890000-0000-7000-8000-000000000000'
const filler = 'QSMpayload0123456789abcdefghijklmnopqrstuvwxyz'.repeat(100)

const idOf = (mark: string) => `01890000-0000-7000-8000-0000${mark.slice(2, 10)}`
const textOf = (id: string) => {
  const mark = `~m${id.slice(-8)}~`
  return JSON.stringify({ type: 'message', payload: mark + filler.slice(0, Number(bytes) - mark.length) })
}

const log = createLog({ level: 'warn', format: 'json', service: 'transport' })
const metrics = createMetrics()
const onError = (error: unknown) => log.error({ err: error }, 'a hint was not handled')
const bus = redisUrl
  ? createRedisBus({ url: redisUrl, sentinels: [], sentinelName: '', cluster: false, log, metrics, onError })
  : createMemoryBus(onError)
const sockets = new Set<Socket>()
bus.want(room)
bus.subscribe('receipt', hint => {
  for (const id of hint.message_ids) {
    const text = textOf(id)
    if (way === 'each') {
      const envelope = Buffer.from(text)
      for (const socket of sockets) socket.sendBinary(envelope)
      continue
    }
    const frame = frameText(text)
    for (const socket of sockets) socket.sendFramed(frame)
  }
})

const server = createServer((_request, response) => response.writeHead(404).end())
acceptSockets(server, {
  authenticate: async () => null,
  userOf: () => room,
  allowedOrigins: [],
  trustProxy: false,
  limits: { maxSockets: 10_000, maxSocketsPerAddress: 10_000, maxSocketsPerUser: 10_000, maxUpgradesAtOnce: 10_000 },
  log,
  metrics,
  now: Date.now,
  onSocket(socket) {
    socket.onClose(() => sockets.delete(socket))
    socket.onText(text => {
      const frame = JSON.parse(text) as { readonly type: string; readonly payload?: string }
      if (frame.type === 'subscribe') {
        sockets.add(socket)
        socket.sendText('{"type":"subscribed"}')
      } else {
        const message_ids = [idOf(String(frame.payload))]
        bus.publish({ kind: 'receipt', user_id: room, peer_id: room, receipt: 'read', message_ids })
      }
    })
    socket.sendText('{"type":"ready"}')
  },
})
server.listen(0, '127.0.0.1', () => console.log(`listening on ${(server.address() as { port: number }).port}`))
