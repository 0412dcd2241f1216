import { once } from 'node:events'
import { createConnection } from 'node:net'

/** All that MONITOR of a Redis server tells from now on. */
export interface RedisMonitor {
  content(): Buffer
  end(): void
}

/** Logs in with a password and asks for MONITOR. Resolves when it is answered. */
export const monitorRedis = async (port: number, password: string): Promise<RedisMonitor> => {
  const socket = createConnection(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.write(`AUTH ${password}\r\nMONITOR\r\n`)
  while (Buffer.concat(chunks).toString() !== '+OK\r\n+OK\r\n') {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    chunks.push(chunk)
    if (chunk.toString().startsWith('-')) throw new Error(chunk.toString())
  }
  chunks.length = 0
  socket.on('data', chunk => chunks.push(chunk))
  return { content: () => Buffer.concat(chunks), end: () => socket.destroy() }
}
