import { clientFrames } from '../client-frames.js'
import { closeCodes, standardCloseCodes } from '../close-codes.js'
import { limits } from '../limits.js'
import { serverFrames } from '../server-frames.js'
import { frameSchemas, type JsonSchema, mergeComponents } from './frame-schemas.js'
import { pascalCase } from './names.js'

export interface AsyncApiOptions {
  /** Version of the software, as in its package. */
  readonly version: string
  readonly title: string
}

const description = `The socket of QSM. The token goes into the \`Authorization\` header or, in browsers, as a one-use ticket of
\`POST /api/ws/ticket\` into the subprotocol \`qsm.ticket.<ticket>\`; never into the URL. A refused upgrade is answered as HTTP with the
error form of the REST routes.

Text frames are JSON with a \`type\`; binary frames are for end-to-end clients. A socket of a device gets \`ready\`, then its backlog, then
\`backlog_end\`, then each message as it comes. At most ${limits.maxUnacknowledged} messages wait unacknowledged. The server pings every
${limits.pingIntervalMs / 1000} s and gives a peer up that was silent for ${limits.deadPeerMs / 1000} s. A frame has at most ${limits.maxSocketFrameBytes} bytes.

Close codes from 4000 to 4499 mean: connect again; from 4500 to 4999: stop.`

const summaries = {
  client: {
    send: 'A message: sealed envelopes, or text of a thin client. Answered by `sent` or `error`.',
    ack: 'Everything up to a sequence was taken.',
    typing: 'The user writes, or has stopped.',
    receipt: 'A message was delivered or read.',
    ping: 'Asks for a `pong`.',
  },
  server: {
    ready: 'The first frame: from where the device reads on.',
    message: 'A message for a thin client.',
    sent: 'The answer to a send: committed and flushed.',
    backlog_end: 'Everything that waited has been sent.',
    connection_request: 'Somebody asks for a connection.',
    session_update: 'A connection has another state; for the device that asked with the Response.',
    receipt: 'A peer has got or read a message.',
    typing: 'A peer writes, or has stopped.',
    presence: 'A peer came or went.',
    pong: 'The answer to a `ping`.',
    error: 'A frame was refused; with `client_message_id` where it was a send.',
  },
} as const satisfies {
  client: Record<keyof typeof clientFrames, string>
  server: Record<keyof typeof serverFrames, string>
}

const binaryMessages = {
  ClientBinarySend: {
    name: '0x01',
    summary: 'A send of an end-to-end client, with the checks and the answer of the text frame `send`.',
    layout: '0x01 ‖ client_message_id 16 ‖ lp(body or empty) ‖ lp(envelope)…',
  },
  ServerBinaryDelivery: {
    name: '0x02',
    summary: 'A message for an end-to-end client.',
    layout: '0x02 ‖ u64 sequence ‖ u64 received_at ‖ lp(body or empty) ‖ lp(envelope)',
  },
}

const binaryMessage = ({ name, summary, layout }: { name: string; summary: string; layout: string }) => ({
  name,
  title: name,
  summary,
  contentType: 'application/octet-stream',
  payload: {
    type: 'string',
    format: 'binary',
    description: `${layout}. Numbers are big-endian; lp(x) is a u32 length and x.`,
  },
})

const textMessages = (
  side: 'Client' | 'Server',
  payloads: Readonly<Record<string, JsonSchema>>,
  texts: Readonly<Record<string, string>>,
) =>
  Object.fromEntries(
    Object.entries(payloads).map(([type, payload]) => [
      `${side}${pascalCase(type)}`,
      { name: type, title: type, summary: texts[type], contentType: 'application/json', payload },
    ]),
  )

const handshake = {
  ws: {
    method: 'GET',
    headers: {
      type: 'object',
      properties: {
        Authorization: { type: 'string', description: 'Bearer and the access token (RFC 6750).' },
        'Sec-WebSocket-Protocol': { type: 'string', description: 'qsm.ticket. and a ticket, in place of the token.' },
      },
    },
    bindingVersion: '0.1.0',
  },
}

/** The AsyncAPI 3 document of the socket, from the schemas that check its frames. */
export const asyncApiDocument = ({ version, title }: AsyncApiOptions): JsonSchema => {
  const client = frameSchemas(clientFrames, 'input')
  const server = frameSchemas(serverFrames, 'output')
  const components = { ...client.components }
  mergeComponents(components, server.components)
  const fromClient = {
    ...textMessages('Client', client.payloads, summaries.client),
    ClientBinarySend: binaryMessage(binaryMessages.ClientBinarySend),
  }
  const fromServer = {
    ...textMessages('Server', server.payloads, summaries.server),
    ServerBinaryDelivery: binaryMessage(binaryMessages.ServerBinaryDelivery),
  }
  const messages = { ...fromClient, ...fromServer }
  const names = Object.keys(messages)
  const channel = (address: string, summary: string) => ({
    address,
    summary,
    servers: [{ $ref: '#/servers/local' }],
    messages: Object.fromEntries(names.map(name => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: handshake,
  })
  const on = (name: string, channelName = 'socket') => ({ $ref: `#/channels/${channelName}/messages/${name}` })
  const operation = (action: 'send' | 'receive', summary: string, of: readonly string[]) => ({
    action,
    channel: { $ref: '#/channels/socket' },
    summary,
    messages: of.map(name => on(name)),
  })
  return {
    asyncapi: '3.0.0',
    info: { title, version, description, license: { name: 'Apache-2.0' } },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: 'localhost:8000',
        protocol: 'ws',
        description: 'As `npm start` brings it up; behind an ingress it is wss.',
        security: [{ $ref: '#/components/securitySchemes/accessToken' }],
      },
    },
    channels: {
      socket: channel('/ws', 'The socket of the device that the login session is bound to.'),
      namedSocket: {
        ...channel('/ws/{username}', 'The same; another name than the own is refused.'),
        parameters: { username: { description: 'The own name, 3 to 50 of A-Z a-z 0-9 _ -.', examples: ['alice'] } },
      },
    },
    operations: {
      takeSend: {
        ...operation('receive', 'Takes a message of a client.', ['ClientSend', 'ClientBinarySend']),
        reply: {
          channel: { $ref: '#/channels/socket' },
          messages: [on('ServerSent'), on('ServerError')],
        },
      },
      takeFrame: operation(
        'receive',
        'Takes what else a client tells.',
        Object.keys(fromClient).filter(name => name !== 'ClientSend' && name !== 'ClientBinarySend'),
      ),
      pushFrame: operation(
        'send',
        'Tells a client what happens.',
        Object.keys(fromServer).filter(name => name !== 'ServerSent'),
      ),
    },
    components: {
      messages,
      schemas: components,
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
    'x-close-codes': [...Object.values(closeCodes), ...standardCloseCodes],
  }
}
