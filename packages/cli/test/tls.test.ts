import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { lookAtTls } from '../src/findings/tls.js'

it('names the host in the handshake, by which an ingress chooses its certificate', async () => {
  const server = createServer(socket => {
    socket.once('data', hello => {
      server.emit('hello', hello)
      socket.destroy()
    })
    socket.on('error', () => {}) // Cut off on purpose.
  }).listen(0, 'localhost')
  await once(server, 'listening')
  const said = once(server, 'hello')
  const [finding] = await lookAtTls(`https://localhost:${(server.address() as AddressInfo).port}`)
  const [hello] = (await said) as [Buffer]
  server.close()
  expect(hello.includes('localhost')).toBe(true)
  expect(finding).toMatchObject({ name: 'TLS', ok: false })
})
