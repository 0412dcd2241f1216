import type { StoreTransaction } from './store.js'

/** The names under which things are stored. */
export const keys = {
  account: 'account',
  device: 'device',
  prekeyCounter: 'prekey-counter',
  prekey: (id: number) => `prekey/${String(id).padStart(10, '0')}`,
  prekeys: 'prekey/',
  lastResortSid: (sid: string) => `last-resort/${sid}`,
  request: (requestId: string) => `request/${requestId}`,
  requests: 'request/',
  response: (requestId: string) => `response/${requestId}`,
  peer: (userId: string) => `peer/${userId}`,
  peers: 'peer/',
  sessions: (userId: string, deviceId: number) => `session/${userId}/${deviceId}`,
  outgoing: (position: number) => `outbox/${String(position).padStart(12, '0')}`,
  outbox: 'outbox/',
  incoming: (position: number) => `inbox/${String(position).padStart(12, '0')}`,
  inbox: 'inbox/',
  seen: (senderUser: string, messageId: string) => `seen/${senderUser}/${messageId}`,
  cursor: 'cursor',
  quarantine: (sequence: number) => `quarantine/${String(sequence).padStart(12, '0')}`,
  counter: (name: string) => `counter/${name}`,
} as const

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** JSON for what is not secret. Private keys are stored as the protocol's own bytes. */
export const putJson = (transaction: StoreTransaction, key: string, value: unknown): void =>
  transaction.put(key, encoder.encode(JSON.stringify(value)))

export const readJson = <T>(bytes: Uint8Array): T => JSON.parse(decoder.decode(bytes)) as T

export const getJson = async <T>(transaction: StoreTransaction, key: string): Promise<T | null> => {
  const bytes = await transaction.get(key)
  return bytes ? readJson<T>(bytes) : null
}

/** The next number of a counter, from 1. */
export const nextNumber = async (transaction: StoreTransaction, name: string): Promise<number> => {
  const next = ((await getJson<number>(transaction, keys.counter(name))) ?? 0) + 1
  putJson(transaction, keys.counter(name), next)
  return next
}

/** Who is logged in here. */
export interface Account {
  readonly url: string
  readonly username: string
  readonly userId: string
  readonly accessToken: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly refreshToken: string
}

/** A device of another user, or an own other one, as it was first seen. */
export interface PeerDevice {
  readonly deviceId: number
  /** The signed record, base64. */
  readonly record: string
  /** Whether messages may be sealed to it: seen at first contact, or accepted by the user. */
  readonly accepted: boolean
}

/** A user as this client knows him. */
export interface Peer {
  readonly userId: string
  readonly username: string
  readonly devices: readonly PeerDevice[]
}

/** A message as the application gets it. */
export interface StoredMessage {
  readonly id: string
  readonly from: string
  /** The other side of the conversation: the sender, or for an own message the receiver. */
  readonly peer: string
  readonly text: string
  readonly sentAt: number
  readonly verified: boolean
  readonly managed: boolean
  readonly isMine: boolean
}
