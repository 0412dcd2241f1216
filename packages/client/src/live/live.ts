import { closeCodes, createSocketTicket, getConfig, getMe, reconnectsAfter } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import { backoffMs, pause, retryMs } from '../backoff.js'
import { hasCode, isTransient, type QsmClientError, unreachable } from '../errors.js'
import type { Api } from '../http/api.js'
import type { PostBySocket } from '../send/post.js'
import type { Store } from '../store/store.js'
import { type Closed, type Connection, type ConnectionEvents, runConnection } from './connection.js'
import type { OpenSocket, SocketLike } from './socket-like.js'
import { isFinal, stoppedBy } from './stop-reasons.js'

export type LiveState = 'connecting' | 'open' | 'waiting' | 'stopped'

export interface LiveEvents extends ConnectionEvents {
  readonly onState: (state: LiveState, reason?: string) => void
  /** Looks for everything that a socket would bring, until the signal comes. */
  readonly onPoll: (signal: AbortSignal) => Promise<void>
}

/** Keeps a client in touch with its server: by a socket, or by polling where none can be had. */
export interface Live {
  begin(): void
  readonly post: PostBySocket
  acknowledge(upTo: number): void
  /** Why it ended by itself; null while it runs. */
  readonly stopped: QsmClientError | null
  end(): Promise<void>
}

const pollMs = 5_000
const afterTooFastMs = 1_000
/** Attempts without a socket after which the server is polled in between. */
const maxFailures = 3
/** Polled in between, the bound of the wait stays at 8 s. */
const attemptsWhilePolling = 4

export const createLive = (options: {
  readonly store: Store
  readonly algorithms: Algorithms
  readonly api: Api
  readonly openSocket: OpenSocket
  readonly events: LiveEvents
}): Live => {
  const { store, algorithms, api, events } = options
  const ending = new AbortController()
  let running: Promise<void> | null = null
  let connection: Connection | null = null
  let stopped: QsmClientError | null = null
  let hasSocket = true
  let attempt = 0
  let failures = 0
  let shown: { readonly state: LiveState | null; readonly reason: string | undefined } = {
    state: null,
    reason: undefined,
  }

  const socketUrl = () => {
    const url = new URL(`${api.url}/ws`)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    return url.href
  }
  const credentials = {
    accessToken: api.accessToken,
    ticket: async () => (await api.call(createSocketTicket, { signal: ending.signal })).ticket,
  }

  const setState = (state: LiveState, reason?: string) => {
    if (shown.state === state && shown.reason === reason) return
    shown = { state, reason }
    events.onState(state, reason)
  }

  const openSocket = async (): Promise<SocketLike> => {
    try {
      return await options.openSocket(socketUrl(), credentials, ending.signal)
    } catch (error) {
      if (!hasCode(error, 'unauthorized')) throw error
      await api.call(getMe, { signal: ending.signal }) // Renews the token, or says that the session is over.
      throw unreachable('The server has refused the socket. It is tried again.', error)
    }
  }

  /** From opening to closing. */
  const connectOnce = async (): Promise<Closed> => {
    setState('connecting')
    const socket = await openSocket()
    failures = 0
    const current = runConnection(socket, {
      ...events,
      async onReady(frame) {
        attempt = 0
        connection = current
        setState('open')
        await events.onReady(frame)
      },
    })
    const end = () => current.close()
    ending.signal.addEventListener('abort', end)
    if (ending.signal.aborted) end()
    try {
      return await current.closed
    } finally {
      ending.signal.removeEventListener('abort', end)
      connection = null
    }
  }

  const poll = async (): Promise<void> => {
    await events.onPoll(ending.signal)
    setState('open', 'polling')
  }

  const waitMsAfter = ({ code, reason }: Closed): number => {
    if (!reconnectsAfter(code)) throw stoppedBy(code, reason)
    const least = code === closeCodes.tooFast.code ? afterTooFastMs : 0
    return Math.max(least, backoffMs(attempt, algorithms))
  }

  /** One attempt; returns how long to wait before the next. Throws what ends it all. */
  const round = async (): Promise<number> => {
    try {
      if (hasSocket) return waitMsAfter(await store.alone('socket', connectOnce, { wait: false }))
      await poll()
      return pollMs
    } catch (error) {
      if (ending.signal.aborted || isFinal(error)) throw error
      if (hasCode(error, 'no_websocket')) {
        hasSocket = false
        return 0
      }
      // Another client of this store holds the socket: both get what comes to the device.
      const isTaken = hasCode(error, 'store_in_use')
      if (!isTaken && !isTransient(error)) events.onFault(error)
      failures += isTaken ? maxFailures : 1
      if (failures >= maxFailures && hasSocket) {
        await poll().catch((cause: unknown) => {
          if (ending.signal.aborted || isFinal(cause)) throw cause
          if (!isTransient(cause)) events.onFault(cause)
        })
      }
      if (isTaken) return pollMs
      return retryMs(error, failures >= maxFailures ? Math.min(attempt, attemptsWhilePolling) : attempt, algorithms)
    }
  }

  const run = async (): Promise<void> => {
    try {
      const config = await api.call(getConfig, { signal: ending.signal }).catch(() => null) // Away now: the first round says so.
      if (config?.websocket_enabled === false) hasSocket = false
      while (!ending.signal.aborted) {
        const waitMs = await round()
        if (ending.signal.aborted) break
        if (hasSocket && connection === null && failures < maxFailures) setState('waiting')
        attempt += 1
        await pause(waitMs, ending.signal)
      }
    } catch (error) {
      if (ending.signal.aborted) return
      stopped = error as QsmClientError
      setState('stopped', stopped.message)
    }
  }

  return {
    begin() {
      if (!ending.signal.aborted) running ??= run()
    },
    post: outgoing => connection?.post(outgoing) ?? null,
    acknowledge: upTo => connection?.acknowledge(upTo),
    get stopped() {
      return stopped
    },
    async end() {
      ending.abort()
      await running
    },
  }
}
