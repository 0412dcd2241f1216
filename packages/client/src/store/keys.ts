const padded = (number: number): string => String(number).padStart(12, '0')

/** The names under which things are stored, and where they are explained. */
export const keys = Object.freeze({
  /** JSON: who is logged in here (account/stored-account.ts). */
  account: 'account',
  /** JSON: the login session (http/tokens.ts). */
  tokens: 'tokens',
  /** The own device with its private keys, as the protocol encodes it. */
  device: 'device',
  /** The record of it that was signed last. */
  deviceRecord: 'device-record',
  /** JSON: what was uploaded when (device/prekeys.ts). */
  prekeySupply: 'prekey-supply',
  prekeys: 'prekey/',
  prekey: (id: number) => `prekey/${String(id).padStart(10, '0')}`,
  /** JSON: a user as this client knows him (peers/peer.ts). */
  peers: 'peer/',
  peer: (userId: string) => `peer/${userId}`,
  /** Text: the user id of a name in lower case. */
  peerName: (username: string) => `name/${username.toLowerCase()}`,
  /** All sessions with one device, as the protocol encodes them. */
  sessionsOfAll: 'session/',
  sessionsOfUser: (userId: string) => `session/${userId}/`,
  sessions: (userId: string, deviceId: number) => `session/${userId}/${deviceId}`,
  /** Own requests that wait for an answer, as the protocol encodes their secrets. */
  requests: 'request/',
  request: (requestId: string) => `request/${requestId}`,
  /** Own answers that the server has not confirmed. */
  answers: 'answer/',
  answer: (requestId: string) => `answer/${requestId}`,
  /** Sealed messages until the server has them (send/outbox.ts). */
  outbox: 'outbox/',
  outboxOf: (userId: string) => `outbox/${userId}/`,
  outgoing: (userId: string, position: number) => `outbox/${userId}/${padded(position)}`,
  outcome: (messageId: string) => `outcome/${messageId}`,
  outcomes: 'outcome/',
  /** Messages until the application is done with them (receive/inbox.ts). */
  inbox: 'inbox/',
  incoming: (position: number) => `inbox/${padded(position)}`,
  /** Ids of messages that were shown (receive/seen.ts). */
  seenAll: 'seen/',
  /** Messages that were called critical before they came (receive/critical.ts). */
  criticalAll: 'critical/',
  critical: (messageId: string, userId: string, deviceId: number) => `critical/${messageId}/${userId}/${deviceId}`,
  /** JSON: how far the mailbox was read (receive/cursor.ts). */
  cursor: 'cursor',
  quarantines: 'quarantine/',
  quarantine: (epoch: number, sequence: number) => `quarantine/${epoch}/${padded(sequence)}`,
  /** JSON: when old things were last dropped (maintain.ts). */
  maintainedAt: 'maintained-at',
  counter: (name: string) => `counter/${name}`,
})
