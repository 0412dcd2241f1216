import { type Algorithms, createWebCryptoClassical } from '@qsm/protocol'
import { loadPostQuantum } from '@qsm/wasm'
import { type Api, accountOf, createApi, type Fetch, request, type Tokens } from './api.js'
import { createConnector, type Connector, type ListedConnection, type PendingRequest } from './connect.js'
import { presentDevice, refillPrekeys } from './device.js'
import { QsmClientError } from './errors.js'
import { type ClientEvents, createEmitter, type EventName } from './events.js'
import { createLive, type Live } from './live.js'
import { createMailbox, type Mailbox } from './mailbox.js'
import { acceptDevices, learnPeer, peerByName } from './peers.js'
import { safetyNumberWith } from './safety.js'
import { createSender, type Sender } from './send.js'
import { type OpenSocket, platformSocket } from './socket.js'
import { type Account, getJson, keys, putJson, type StoredMessage } from './state.js'
import type { Store } from './store.js'

export interface ClientOptions {
  /** Address of the server, such as `http://localhost:8000`. */
  readonly url: string
  readonly store: Store
  readonly fetch?: Fetch
  /** How sockets are opened; that of the platform unless given. */
  readonly openSocket?: OpenSocket
  /** How many one-time prekeys are kept at the server, 1 to 100. */
  readonly prekeys?: number
}

export interface LoginOptions extends ClientOptions {
  readonly username: string
  /** Sent to the server over the connection, never stored. */
  readonly password: string
}

export interface RegisterOptions extends LoginOptions {
  readonly email: string
}

export interface UserListing {
  readonly username: string
  readonly user_id: string
  readonly status: 'online' | 'offline'
  readonly has_quantum_keys: boolean
}

export interface DeviceListing {
  readonly device_id: number
  readonly created_at: string
}

const loadAlgorithms = async (): Promise<Algorithms> => {
  const { kem, signer } = await loadPostQuantum()
  return {
    kem,
    signer,
    classical: createWebCryptoClassical(),
    randomBytes: length => globalThis.crypto.getRandomValues(new Uint8Array(length)),
    now: () => Date.now(),
  }
}

const fetchOf = (options: ClientOptions): Fetch => options.fetch ?? ((url, init) => globalThis.fetch(url, init))

interface Parts {
  readonly options: ClientOptions
  readonly algorithms: Algorithms
  readonly account: Account
  readonly api: Api
}

/** An end-to-end client: one account on one device. Keys never leave the store. */
export class QsmClient {
  readonly username: string
  readonly userId: string
  readonly #parts: Parts
  readonly #connector: Connector
  readonly #sender: Sender
  readonly #mailbox: Mailbox
  readonly #emitter = createEmitter()
  readonly #live: Live

  private constructor(parts: Parts) {
    const { api, algorithms, options } = parts
    this.#parts = parts
    this.username = parts.account.username
    this.userId = parts.account.userId
    this.#connector = createConnector(options.store, algorithms, api)
    this.#sender = createSender(options.store, algorithms, api, this.#connector)
    this.#mailbox = createMailbox(options.store, algorithms, api, this.#connector, {
      onMessage: message => this.#emitter.emit('message', message),
      onUndecryptable: (reason, sequence) => this.#emitter.emit('undecryptable', { reason, sequence }),
    })
    this.#live = createLive({
      api,
      connector: this.#connector,
      mailbox: this.#mailbox,
      emitter: this.#emitter,
      openSocket: options.openSocket ?? platformSocket,
    })
  }

  /** Makes an account and logs in. Throws `QsmClientError` with the server's reason. */
  static async register(options: RegisterOptions): Promise<QsmClient> {
    const { username, email, password } = options
    await request(fetchOf(options), options.url, 'POST', '/api/register', { username, email, password })
    return QsmClient.login(options)
  }

  /** Logs in, shows the server this device, and keeps its prekeys filled. */
  static async login(options: LoginOptions): Promise<QsmClient> {
    const algorithms = await loadAlgorithms()
    const { username, password, store, url } = options
    const tokens = await request<Tokens>(fetchOf(options), url, 'POST', '/api/login', { username, password })
    const account = accountOf(url, tokens, algorithms.now())
    await store.exclusive(async transaction => {
      const before = await getJson<Account>(transaction, keys.account)
      if (before && before.userId !== account.userId) {
        throw new QsmClientError('store_in_use', `This store belongs to ${before.username}. Use another one for ${account.username}.`)
      }
      putJson(transaction, keys.account, account)
    })
    const api = createApi(store, fetchOf(options), url, algorithms.now)
    await presentDevice(store, algorithms, api, account.userId)
    await learnPeer(store, algorithms, api, account.username)
    await refillPrekeys(store, algorithms, api, options.prekeys)
    return new QsmClient({ options, algorithms, account, api })
  }

  /** Goes on with the account of a store, at the address it was made at or another. Throws `not_logged_in` where there is none. */
  static async resume(options: Omit<ClientOptions, 'url'> & { readonly url?: string | undefined }): Promise<QsmClient> {
    const account = await options.store.exclusive(transaction => getJson<Account>(transaction, keys.account))
    if (!account) throw new QsmClientError('not_logged_in', 'Nobody is logged in here: register or log in first.')
    const algorithms = await loadAlgorithms()
    const full = { ...options, url: options.url ?? account.url }
    return new QsmClient({ options: full, algorithms, account, api: createApi(options.store, fetchOf(full), full.url, algorithms.now) })
  }

  /** Calls a handler for each event; returns the function that ends it. */
  on<E extends EventName>(name: E, handler: ClientEvents[E]): () => void {
    const off = this.#emitter.on(name, handler)
    if (name === 'request' || name === 'message' || name === 'session-update') this.#live.begin()
    return off
  }

  /** Asks a user for a connection; resolves when the user has accepted. */
  async connect(username: string, options: { readonly signal?: AbortSignal } = {}): Promise<{ readonly username: string }> {
    await this.#connector.ask(username)
    await this.#live.accepted(username, options.signal)
    return { username }
  }

  /** Asks without waiting. */
  async request(username: string): Promise<void> {
    await this.#connector.ask(username)
  }

  /** Begins a conversation by the user's prekeys; no answer is needed. */
  start(username: string): Promise<void> {
    return this.#connector.start(username)
  }

  pending(): Promise<readonly PendingRequest[]> {
    return this.#connector.pending()
  }

  accept(username: string): Promise<void> {
    return this.#connector.accept(username)
  }

  reject(username: string): Promise<void> {
    return this.#connector.reject(username)
  }

  /** The connections; answers to own requests that have come are taken on the way. */
  async connections(): Promise<readonly ListedConnection[]> {
    const connections = await this.#connector.connections()
    await this.#connector.takeAnswers(connections)
    return connections
  }

  async block(username: string, blocked = true): Promise<void> {
    await this.#parts.api.call('POST', `/api/connections/${encodeURIComponent(username)}/block`, { blocked })
  }

  /** Seals a text for every device of a user; resolves when the server has stored it. */
  async send(username: string, text: string): Promise<{ readonly messageId: string }> {
    await this.connectionsIfWaiting()
    return this.#sender.send(username, text)
  }

  /** Sends what an earlier run left in the queue. */
  flush(): Promise<void> {
    return this.#sender.flush()
  }

  /** Fetches what waits and hands it out; each message is finished with when the next one is asked for. */
  async *receive(): AsyncGenerator<StoredMessage> {
    await this.connectionsIfWaiting()
    await this.#mailbox.pull()
    for (const { key, message } of await this.#mailbox.waiting()) {
      yield message
      await this.#mailbox.finish(key)
    }
  }

  /**
   * Messages as they come, without end. A message is finished with when the next one is asked for: after a crash in
   * between it comes again, with the same id.
   */
  messages(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<StoredMessage> {
    return this.#live.messages(options.signal)
  }

  async users(query = ''): Promise<readonly UserListing[]> {
    const found: UserListing[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const parameters = new URLSearchParams({ ...(query ? { query } : {}), ...(cursor ? { cursor } : {}), limit: '100' })
      const page: { users: UserListing[]; next: string | null } = await this.#parts.api.call('GET', `/api/users/available?${parameters}`)
      found.push(...page.users)
      cursor = page.next
    }
    return found
  }

  async devices(): Promise<readonly DeviceListing[]> {
    return (await this.#parts.api.call<{ devices: DeviceListing[] }>('GET', '/api/devices')).devices
  }

  async removeDevice(deviceId: number): Promise<void> {
    await this.#parts.api.call('DELETE', `/api/devices/${deviceId}`)
  }

  /** The 60 digits that both users compare, over all their devices. */
  async safetyNumber(username: string): Promise<string> {
    const { options, algorithms, api, account } = this.#parts
    const peer = await learnPeer(options.store, algorithms, api, username)
    const own = await learnPeer(options.store, algorithms, api, account.username)
    return safetyNumberWith(algorithms, own, peer)
  }

  /** Takes the devices of a user as they are now, after the safety numbers were compared. */
  async acceptIdentity(username: string): Promise<void> {
    const { options, algorithms, api } = this.#parts
    const peer = await learnPeer(options.store, algorithms, api, username)
    await acceptDevices(options.store, peer.userId)
  }

  /** Fills up the prekeys at the server where they run low. */
  refillPrekeys(): Promise<void> {
    const { options, algorithms, api } = this.#parts
    return refillPrekeys(options.store, algorithms, api, options.prekeys)
  }

  async changePassword(current: string, next: string): Promise<void> {
    await this.#parts.api.call('POST', '/api/password', { current_password: current, new_password: next })
  }

  /** Ends the login session. Keys and sessions stay in the store for the next login. */
  async logout(): Promise<void> {
    await this.#parts.api.call('POST', '/api/logout')
    await this.#parts.options.store.exclusive(async transaction => {
      const account = await getJson<Account>(transaction, keys.account)
      if (account) putJson(transaction, keys.account, { ...account, accessToken: '', refreshToken: '', expiresAt: 0 })
    })
    this.#live.stop()
  }

  async deleteAccount(): Promise<void> {
    await this.#parts.api.call('DELETE', '/api/account')
    this.#live.stop()
  }

  /** Ends background work and closes the store. */
  async close(): Promise<void> {
    await this.#live.end()
    await this.#parts.options.store.close()
  }

  /** An own request may have been answered while nobody listened. */
  private async connectionsIfWaiting(): Promise<void> {
    const waiting = await this.#parts.options.store.exclusive(transaction => transaction.list(keys.requests))
    if (waiting.length > 0) await this.connections()
  }

  /** Whether a user is known here. */
  async knows(username: string): Promise<boolean> {
    return (await this.#parts.options.store.exclusive(transaction => peerByName(transaction, username))) !== null
  }
}
