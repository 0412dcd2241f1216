import type { Api } from './api.js'
import type { Connector, PendingRequest } from './connect.js'
import { QsmClientError } from './errors.js'
import type { createEmitter } from './events.js'
import type { Mailbox } from './mailbox.js'
import { type OpenSocket, runSocket, type SocketLoop } from './socket.js'
import type { StoredMessage } from './state.js'

/** The part of a client that listens: the socket, or polling where there is none. */
export interface Live {
  begin(): void
  /** Resolves when a user has accepted an own request. */
  accepted(username: string, signal?: AbortSignal): Promise<void>
  messages(signal?: AbortSignal): AsyncGenerator<StoredMessage>
  stop(): void
  /** Stops, and waits for what is under way. */
  end(): Promise<void>
}

export interface LiveParts {
  readonly api: Api
  readonly connector: Connector
  readonly mailbox: Mailbox
  readonly emitter: ReturnType<typeof createEmitter>
  readonly openSocket: OpenSocket
}

const pollMs = 3_000

export const createLive = (parts: LiveParts): Live => {
  const { api, connector, mailbox, emitter } = parts
  let loop: SocketLoop | null = null
  let poll: ReturnType<typeof setInterval> | null = null
  let ended: { readonly reason: string } | null = null
  const wakers = new Set<() => void>()
  const announced = new Set<string>()
  let background: Promise<unknown> = Promise.resolve()

  const wake = () => {
    for (const waker of [...wakers]) waker()
  }
  const report = (error: unknown) => {
    if (!ended) emitter.emit('error', error instanceof Error ? error : new Error(String(error)))
  }
  const inBackground = (work: () => Promise<unknown>) => {
    background = background.then(work).catch(report)
  }
  const announce = (request: PendingRequest) => {
    if (announced.has(request.request_id)) return
    announced.add(request.request_id)
    const from = request.sender_username
    emitter.emit('request', { from, accept: () => connector.accept(from), reject: () => connector.reject(from) })
  }
  const lookAtConnections = async () => {
    for (const request of await connector.pending()) announce(request)
    const connections = await connector.connections()
    for (const username of await connector.takeAnswers(connections)) emitter.emit('session-update', { username, state: 'open' })
    wake()
  }

  const stop = (reason = 'closed') => {
    ended ??= { reason }
    loop?.stop()
    if (poll) clearInterval(poll)
    wake()
  }
  const pollNow = async () => {
    await lookAtConnections()
    await mailbox.pull()
    wake()
  }
  const beginPolling = () => {
    emitter.emit('state', 'open', 'polling')
    inBackground(pollNow)
    poll ??= setInterval(() => inBackground(pollNow), pollMs)
  }
  const beginSocket = () => {
    const url = new URL('/ws', api.url)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const ticket = async () => (await api.call<{ ticket: string }>('POST', '/api/ws/ticket')).ticket
    loop = runSocket(url.href, parts.openSocket, { token: api.token, ticket }, {
      async onReady({ cursor, epoch }) {
        await mailbox.meetEpoch(epoch)
        // Kept before the connection was lost, but not acknowledged then.
        const kept = await mailbox.cursor()
        if (kept > cursor) loop?.acknowledge(kept)
        inBackground(lookAtConnections)
      },
      async onDelivered(delivered) {
        await mailbox.take(delivered)
        loop?.acknowledge(delivered.sequence)
        wake()
      },
      onFrame(frame) {
        if (frame.type === 'connection_request') announce(frame as unknown as PendingRequest)
        if (frame.type !== 'session_update') return
        emitter.emit('session-update', { username: String(frame.peer_username), state: String(frame.state) })
        inBackground(lookAtConnections)
      },
      onState(state, reason) {
        emitter.emit('state', state, reason)
        if (state !== 'stopped') return
        stop(reason)
      },
    })
  }
  const begin = () => {
    if (loop || poll || ended) return
    const isWithout = parts.openSocket.name === 'platformSocket' && !('WebSocket' in globalThis)
    if (isWithout) beginPolling()
    else beginSocket()
  }

  /** Resolves at the next sign of something new. */
  const nextSign = (signal?: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      const done = () => {
        wakers.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      wakers.add(done)
      signal?.addEventListener('abort', done)
    })

  async function* messages(signal?: AbortSignal): AsyncGenerator<StoredMessage> {
    begin()
    while (!signal?.aborted) {
      const sign = nextSign(signal)
      const waiting = await mailbox.waiting()
      for (const { key, message } of waiting) {
        yield message
        await mailbox.finish(key)
        if (signal?.aborted) return
      }
      if (ended && waiting.length === 0) {
        if (ended.reason === 'closed') return
        throw new QsmClientError('closed', `The server ended the connection (${ended.reason}).`)
      }
      if (waiting.length === 0) await sign
    }
  }

  return {
    begin,
    messages,
    stop: () => stop(),
    async accepted(username, signal) {
      begin()
      const name = username.toLowerCase()
      for (;;) {
        const sign = nextSign(signal)
        const connection = (await connector.connections()).find(one => one.peer_username.toLowerCase() === name)
        if (connection?.state === 'open') {
          await connector.takeAnswers([connection])
          return
        }
        if (connection?.state === 'rejected' || connection?.state === 'blocked') {
          throw new QsmClientError('rejected', `${username} has rejected the request.`)
        }
        if (signal?.aborted || ended) throw new QsmClientError('closed', `${username} has not answered yet.`)
        await sign
      }
    },
    async end() {
      stop()
      await background
    },
  }
}
