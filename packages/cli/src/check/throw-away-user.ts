import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type Fetch,
  type Message,
  makeAccount,
  memoryStore,
  type OpenSocket,
  QsmClient,
  QsmClientError,
  removeAccount,
} from '@qsm/client'
import { nodeSocket } from '@qsm/client-node'

/** Fewer than a client that stays, so that they are quickly drawn. */
const prekeys = 5
const removalTimeoutMs = 5_000
const removalTries = 3
const removalPauseMs = 1_000

/** A user with a random name and password, whose keys stay in memory and whose account is removed in the end. */
export interface ThrowAwayUser {
  readonly username: string
  register(): Promise<void>
  login(): Promise<void>
  /** The client, once logged in. */
  client(): QsmClient
  /** Resolves when a WebSocket is open and messages are being taken. Throws where the client falls back to polling. */
  goOnline(): Promise<void>
  /** All messages that came over the WebSocket so far. */
  readonly received: readonly Message[]
  /** Resolves with the next message that has not been returned yet. */
  next(): Promise<Message>
  /** How many envelopes the server still holds for the device, by a request; 0 to 10. */
  unacknowledged(signal: AbortSignal): Promise<number>
  /** Removes the account where one was made, and closes the client. Whatever went wrong before, it can be called. */
  remove(): Promise<void>
}

const socketAdvice =
  'Let every proxy in front pass WebSocket upgrades of /ws (HTTP/1.1, Upgrade and Connection headers), and see ENABLE_WEBSOCKET of the server'

/** What stands before "It is tried again.", which is over, without its full stop. */
const reasonOf = (error: unknown): string => (error as Error).message.replace(/\.( It is tried again\.)?$/, '')

const removeWithPatience = async (credentials: Parameters<typeof removeAccount>[0]): Promise<void> => {
  for (let tried = 1; ; tried += 1) {
    try {
      return await removeAccount(credentials)
    } catch (error) {
      if (!(error instanceof QsmClientError)) throw error
      if (error.code === 'invalid_credentials') return // It was not made, or is gone.
      if (tried === removalTries || !error.isTransient) throw error
    }
    await wait(removalPauseMs)
  }
}

/** Makes nothing at the server yet. Faults in the background go to `onFault`. */
export const createThrowAwayUser = (url: string, onFault: (error: Error) => void): ThrowAwayUser => {
  const username = `check-${randomBytes(10).toString('hex')}`
  const credentials = { url, username, password: randomBytes(24).toString('base64url') }
  const received: Message[] = []
  const store = memoryStore()
  const closing = new AbortController()
  let registering: Promise<void> | null = null
  let loggingIn: Promise<QsmClient> | null = null
  let opened: QsmClient | null = null
  let refusal = ''
  let token: () => Promise<string> = () => Promise.reject(new Error('no socket yet'))
  let isOffline: Error | null = null
  let returned = 0
  let wake = () => {}

  const openSocket: OpenSocket = async (address, given, signal) => {
    token = given.accessToken
    try {
      return await nodeSocket(address, given, signal)
    } catch (error) {
      refusal = `: ${reasonOf(error)}`
      throw error
    }
  }

  /** Requests that are under way when the user is removed are not waited for. */
  const fetchUntilRemoved: Fetch = (target, init) => {
    const given = init.signal ? [init.signal] : []
    return fetch(target, { ...init, signal: AbortSignal.any([...given, closing.signal]) })
  }

  const client = (): QsmClient => {
    if (!opened) throw new Error(`${username} is not logged in`)
    return opened
  }

  const take = async (): Promise<void> => {
    for await (const message of client().messages({ signal: closing.signal, settle: 'manual' })) {
      received.push(message)
      await message.done()
      wake()
    }
  }

  return {
    username,
    received,
    client,
    register() {
      registering = makeAccount({ ...credentials, store, email: `${username}@check.invalid` })
      return registering
    },
    async login() {
      loggingIn = QsmClient.login({ ...credentials, store, openSocket, fetch: fetchUntilRemoved, prekeys })
      opened = await loggingIn
      opened.on('error', error => {
        if (!closing.signal.aborted) onFault(error) // What is cut off by the removal is no fault.
      })
    },
    goOnline: () =>
      new Promise((resolve, reject) => {
        client().on('state', (state, reason) => {
          if (state === 'open' && !reason) return resolve()
          if (state !== 'open' && state !== 'stopped') return
          isOffline = new Error(state === 'stopped' ? reason : `no WebSocket, only polling${refusal}. ${socketAdvice}`)
          reject(isOffline)
          wake()
        })
        take().catch(reject)
      }),
    async next() {
      for (;;) {
        if (isOffline) throw isOffline
        const message = received[returned]
        if (message) {
          returned += 1
          return message
        }
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
    async unacknowledged(signal) {
      const headers = { Authorization: `Bearer ${await token()}` }
      const response = await fetch(`${client().url}/api/messages?limit=10`, { headers, signal })
      const { messages } = (await response.json().catch(() => ({}))) as { messages?: readonly unknown[] }
      if (!messages)
        throw new Error(`${client().url}/api/messages answers ${response.status}: see the log of the server`)
      return messages.length
    },
    async remove() {
      if (!registering) return
      await registering.catch(() => {}) // It may have been made, though the answer was lost.
      closing.abort()
      try {
        await removeWithPatience({ ...credentials, timeoutMs: removalTimeoutMs })
      } finally {
        await loggingIn?.then(
          me => me.close(),
          () => {}, // Said before.
        )
      }
    },
  }
}
