export {
  type ClientOptions,
  type LoginOptions,
  makeAccount,
  type RegisterOptions,
  type ResumeOptions,
} from './account/log-in.js'
export { removeAccount } from './account/remove-account.js'
export type { StoredAccount } from './account/stored-account.js'
export { reportAlgorithms } from './algorithms.js'
export type { Surroundings } from './client-parts.js'
export type { PendingRequest } from './connect/answer.js'
export type { Connected } from './connect/connect.js'
export type { OwnRequest } from './connect/request.js'
export type { ListedConnection } from './connect/take-answers.js'
export { type ClientErrorCode, IdentityChangedError, QsmClientError } from './errors.js'
export type { ClientEvents, EventName, IncomingRequest } from './events.js'
export type { Fetch } from './http/http-client.js'
export type { LiveState } from './live/live.js'
export type { OpenSocket, SocketCredentials, SocketLike } from './live/socket-like.js'
export type { IdentityChange } from './peers/learn-peer.js'
export { type DeviceListing, type PeerDeviceListing, QsmClient, type UserListing } from './qsm-client.js'
export type { MessagesOptions } from './receive/hand-out.js'
export type { Message, StoredMessage } from './receive/message.js'
export type { Quarantined } from './receive/quarantine.js'
export type { LateOutcome } from './send/sender.js'
export { indexedDbStore, type WebLocks } from './store/indexed-db-store.js'
export { memoryStore } from './store/memory-store.js'
export {
  type AloneOptions,
  openTransaction,
  type Store,
  type StoreChanges,
  type StoredValues,
  type StoreTransaction,
  wipeChanges,
} from './store/store.js'
export { createNamedTurns, createTurns, noLongerWaited } from './store/turns.js'
