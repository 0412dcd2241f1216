import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Headers that ask for the upgrade; without them the request is an ordinary one. */
const upgradeHeaders = new Set(['upgrade', 'connection', 'http2-settings'])

/** Whether this is a request for a WebSocket and not, say, for HTTP/2, which some clients ask for with every request. */
export const wantsWebSocket = (request: IncomingMessage): boolean =>
  (request.headers.upgrade ?? '').toLowerCase() === 'websocket'

/**
 * Answers a request for another protocol as if it had not asked, as RFC 9110 section 7.8 wants. Node takes every request
 * with an `Upgrade` header out of its parser, so the request is put before it once more, without that header.
 */
export const ignoreUpgrade = (server: Server, request: IncomingMessage, connection: Duplex, head: Buffer): void => {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`]
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] ?? ''
    if (!upgradeHeaders.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[at + 1]}`)
  }
  connection.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', connection)
}
