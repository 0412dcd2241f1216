import {
  blockUser,
  changePassword,
  decodeBase64,
  deleteAccount,
  getMe,
  listAvailableUsers,
  listConnections,
  listDevices,
  logout,
  removeDevice,
} from '@qsm/contract'
import { decodeDeviceRecord } from '@qsm/protocol'
import {
  type LoginOptions,
  logIn,
  makeAccount,
  type RegisterOptions,
  type ResumeOptions,
  resume,
} from './account/log-in.js'
import { readAccount, type StoredAccount } from './account/stored-account.js'
import { loadAlgorithms } from './algorithms.js'
import type { ClientParts } from './client-parts.js'
import type { PendingRequest } from './connect/answer.js'
import { type Connected, connectWith, startWith } from './connect/connect.js'
import type { OwnRequest } from './connect/request.js'
import type { ListedConnection } from './connect/take-answers.js'
import { readDevice } from './device/own-device.js'
import { hasCode } from './errors.js'
import type { ClientEvents, EventName } from './events.js'
import type { SuccessOf } from './http/read-answer.js'
import { acceptIdentityOf } from './peers/accept-identity.js'
import { activeDevices, recordOf } from './peers/peer.js'
import { safetyNumberOf } from './peers/safety-number.js'
import type { MessagesOptions } from './receive/hand-out.js'
import type { Message } from './receive/message.js'
import { clearQuarantine, listQuarantined, type Quarantined } from './receive/quarantine.js'
import { keys } from './store/keys.js'
import type { Store } from './store/store.js'

export type UserListing = SuccessOf<typeof listAvailableUsers>['users'][number]

export interface DeviceListing {
  readonly device_id: number
  readonly created_at: string
  /** Whether it is the device of this client. */
  readonly is_this: boolean
  /** Whether the server plays it, for a thin client. */
  readonly managed: boolean
}

/** A device of another user, as this client knows it. */
export interface PeerDeviceListing {
  readonly device_id: number
  readonly managed: boolean
  /** Seen at first contact, or accepted since. */
  readonly accepted: boolean
}

const pageEntries = '100'

/** An end-to-end client: one account on one device. Private keys never leave its store. */
export class QsmClient {
  readonly #parts: ClientParts
  #consuming: AbortController | null = null
  #closing: Promise<void> | null = null

  private constructor(parts: ClientParts) {
    this.#parts = parts
  }

  /** Makes an account and logs in. Throws `QsmClientError` with the server's reason. */
  static async register(options: RegisterOptions): Promise<QsmClient> {
    await makeAccount(options)
    return QsmClient.login(options)
  }

  /** Logs in on this device; with a store that holds one, it goes on as that device. */
  static async login(options: LoginOptions): Promise<QsmClient> {
    return new QsmClient(await logIn(options, await loadAlgorithms()))
  }

  /** Goes on with the account of a store; needs no network. Throws `not_logged_in` where nobody is logged in. */
  static async resume(options: ResumeOptions): Promise<QsmClient> {
    return new QsmClient(await resume(options, await loadAlgorithms()))
  }

  /** Whose device a store is; null where nobody has logged in with it. Needs no network. */
  static accountOf(store: Store): Promise<StoredAccount | null> {
    return store.exclusive(readAccount)
  }

  get username(): string {
    return this.#parts.account.username
  }

  get userId(): string {
    return this.#parts.account.userId
  }

  get url(): string {
    return this.#parts.api.url
  }

  /** Calls a handler for each event; returns the function that ends it. Those about what comes go online. */
  on<E extends EventName>(name: E, handler: ClientEvents[E]): () => void {
    const off = this.#parts.emitter.on(name, handler)
    if (name === 'message') this.#consume()
    if (name === 'request' || name === 'session-update') this.#parts.live.begin()
    return off
  }

  /** Asks a user for a connection; resolves when the user has accepted. Throws `rejected`, `expired`. */
  connect(username: string, options: { readonly signal?: AbortSignal } = {}): Promise<Connected> {
    return connectWith(this.#parts, username, options.signal)
  }

  /** Asks without waiting. */
  request(username: string): Promise<OwnRequest> {
    return this.#parts.requester.ask(username)
  }

  /** Begins a conversation by the user's prekeys; no answer is needed. 20 messages may wait for the first answer. */
  start(username: string): Promise<Connected> {
    return startWith(this.#parts, username)
  }

  /** Requests that wait for an answer of this user, oldest first. */
  pending(): Promise<readonly PendingRequest[]> {
    return this.#parts.answerer.pending()
  }

  accept(username: string): Promise<void> {
    return this.#parts.answerer.accept(username)
  }

  reject(username: string): Promise<void> {
    return this.#parts.answerer.reject(username)
  }

  /** The connections; answers to own requests that have come are taken on the way. */
  async connections(): Promise<readonly ListedConnection[]> {
    const { connections } = await this.#parts.api.call(listConnections, {})
    await this.#parts.answers.take(connections)
    return connections
  }

  /** Takes no more messages and requests of a user; `false` lifts it. */
  async block(username: string, blocked = true): Promise<void> {
    await this.#parts.api.call(blockUser, { params: { username }, body: { blocked } })
  }

  /**
   * Seals a text for every device of a user; resolves when the server has stored it. Throws `no_session`,
   * `identity_changed`, what the server refuses, and `queued` where it does not answer in time: then it leaves later.
   */
  send(username: string, text: string): Promise<{ readonly messageId: string }> {
    return this.#parts.sender.send(username, text)
  }

  /** Sends what an earlier run left in the queue. */
  flush(): Promise<void> {
    return this.#parts.sender.flush()
  }

  /** Messages as they come, without end. */
  messages(options: MessagesOptions = {}): AsyncGenerator<Message, void> {
    this.#parts.live.begin()
    return this.#parts.handOut.follow(options)
  }

  /** Fetches, opens, keeps and acknowledges all that waits, then hands it out and ends. */
  receive(options: MessagesOptions = {}): AsyncGenerator<Message, void> {
    const { answers, handOut, mailbox } = this.#parts
    const fetchAll = async () => {
      if (await answers.isWaiting()) await this.connections()
      await mailbox.pull()
    }
    return handOut.drain(fetchAll, options)
  }

  /** Envelopes that could not be opened. */
  quarantined(): Promise<readonly Quarantined[]> {
    return listQuarantined(this.#parts.store)
  }

  clearQuarantine(): Promise<void> {
    return clearQuarantine(this.#parts.store)
  }

  /** The 60 digits that both users compare, over all their devices. */
  async safetyNumber(username: string): Promise<string> {
    const { algorithms, directory } = this.#parts
    const peer = await directory.learn(username)
    return safetyNumberOf(algorithms, await directory.learn(this.username), peer)
  }

  /** Takes the devices of a user, or the own ones, as they are now; sending goes on. Compare safety numbers before. */
  async acceptIdentity(username: string): Promise<void> {
    await acceptIdentityOf(this.#parts, username)
    this.#parts.sender.online()
  }

  /** Users whose names begin so. */
  async users(query = ''): Promise<readonly UserListing[]> {
    const found: UserListing[] = []
    for (let cursor: string | undefined; ; ) {
      const page: SuccessOf<typeof listAvailableUsers> = await this.#parts.api.call(listAvailableUsers, {
        query: { query: query === '' ? undefined : query, cursor, limit: pageEntries },
      })
      found.push(...page.users)
      if (page.next === null) return found
      cursor = page.next
    }
  }

  /** The account at the server. */
  whoami(): Promise<SuccessOf<typeof getMe>> {
    return this.#parts.api.call(getMe, {})
  }

  async devices(): Promise<readonly DeviceListing[]> {
    const { device } = await this.#parts.store.exclusive(readDevice)
    const { devices } = await this.#parts.api.call(listDevices, {})
    return devices.map(({ device_id, created_at, device_record }) => ({
      device_id,
      created_at,
      is_this: device_id === device,
      managed: decodeDeviceRecord(decodeBase64(device_record)).managed,
    }))
  }

  /** The devices of a user as the server lists them now. One that the server plays for a thin client is `managed`. */
  async devicesOf(username: string): Promise<readonly PeerDeviceListing[]> {
    const peer = await this.#parts.directory.learn(username)
    return activeDevices(peer).map(device => ({
      device_id: device.deviceId,
      managed: recordOf(device).managed,
      accepted: device.accepted && device.changedRecord === undefined,
    }))
  }

  /** Ends a device of this account: what it has not fetched is gone. */
  async removeDevice(deviceId: number): Promise<void> {
    await this.#parts.api.call(removeDevice, { params: { id: deviceId } })
    await this.#parts.directory.learn(this.username)
  }

  /** Fills up the prekeys at the server where they run low; done by itself while online. */
  refillPrekeys(): Promise<void> {
    return this.#parts.refillPrekeys()
  }

  async changePassword(current: string, next: string): Promise<void> {
    await this.#parts.api.call(changePassword, { body: { current_password: current, new_password: next } })
  }

  /** Ends the login session and closes the client. Keys, sessions and messages stay for the next login. */
  async logout(): Promise<void> {
    const { api, store } = this.#parts
    await api.call(logout, {}).catch((error: unknown) => {
      if (!hasCode(error, 'not_logged_in')) throw error // It is over already.
    })
    await store.exclusive(async transaction => transaction.delete(keys.tokens))
    await this.close()
  }

  /** Deletes the account with all that belongs to it, erases the store and closes the client. */
  async deleteAccount(): Promise<void> {
    const { api, store } = this.#parts
    await api.call(deleteAccount, {})
    await store.exclusive(async transaction => {
      for (const key of await transaction.keys('')) transaction.delete(key)
    })
    await this.close()
  }

  /** Goes offline, ends background work and closes the store. Messages in the queue leave the next time. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { live, sender, store, settled } = this.#parts
    this.#consuming?.abort()
    await live.end()
    await sender.close()
    await settled()
    await store.close()
  }

  /** Hands messages to the handlers of `message`, one after the other. */
  #consume(): void {
    if (this.#consuming) return
    this.#consuming = new AbortController()
    const { emitter } = this.#parts
    const run = async () => {
      for await (const message of this.messages({ signal: this.#consuming?.signal as AbortSignal, settle: 'manual' })) {
        await emitter.emitAndWait('message', message)
        await message.done()
      }
    }
    run().catch(emitter.fault)
  }
}
