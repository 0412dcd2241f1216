// The same as ws-crowd.ts for Bun, whose own publish sends to all who subscribed.
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('', { status: 404 })),
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      socket.send('{"type":"ready"}')
    },
    message(socket, text) {
      const { type, payload } = JSON.parse(text)
      if (type === 'publish') return void server.publish('crowd', JSON.stringify({ type: 'message', payload }))
      socket.subscribe('crowd')
      socket.send('{"type":"subscribed"}')
    },
  },
})
console.log(`listening on ${server.port}`)
