// ws-crowd.ts [each]: the shortest program with `ws` that sends what one publishes to all who subscribed. With "each" it calls
// send for every socket, as the library's documentation shows; otherwise it frames a text once and writes that to all.
import type { Socket } from 'node:net'
import * as ws from 'ws'

interface Frames {
  frame(data: Buffer, options: Readonly<Record<string, unknown>>): Buffer[]
}

/** The library's own writer of frames, which its types leave out. */
const { frame } = (ws as unknown as { Sender: Frames }).Sender
const isFramedOnce = process.argv[2] !== 'each'
const subscribers = new Set<ws.WebSocket>()

const sendToAll = (text: string) => {
  if (!isFramedOnce) {
    for (const socket of subscribers) socket.send(text)
    return
  }
  const options = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }
  const framed = Buffer.concat(frame(Buffer.from(text), options))
  for (const socket of subscribers) (socket as unknown as { _socket: Socket })._socket.write(framed)
}

const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
server.on('connection', socket => {
  socket.on('close', () => subscribers.delete(socket))
  socket.on('message', data => {
    const { type, payload } = JSON.parse(String(data)) as { readonly type: string; readonly payload?: string }
    if (type === 'publish') return sendToAll(JSON.stringify({ type: 'message', payload }))
    subscribers.add(socket)
    socket.send('{"type":"subscribed"}')
  })
  socket.send('{"type":"ready"}')
})
server.on('listening', () => console.log(`listening on ${(server.address() as { port: number }).port}`))
