/** What nobody measured: how people behave, and how much one machine is given to do. Each can be set on the command line. */
export const assumptions = {
  users: { value: 1e6, about: 'accounts' },
  onlineShare: { value: 0.2, about: 'share of users who have an open socket at the peak' },
  devicesPerUser: {
    value: 1.5,
    about: 'devices of a user; a message is sealed for each of the recipient and the others of the sender',
  },
  messagesPerDay: { value: 40, about: 'messages that a user sends in a day' },
  peakFactor: { value: 2.5, about: 'peak minute over the mean of the day' },
  loginsPerDay: { value: 0.1, about: 'logins with a password of a user in a day' },
  refreshMs: { value: 1, about: 'CPU of auth for a refreshed token, in ms: not measured' },
  thinShare: { value: 0.02, about: 'share of messages that thin clients send' },
  replayHours: { value: 25, about: 'hours that rows of sent and seen stay (replayMemoryMs of the contract)' },
  entryBytes: { value: 1_600, about: 'an envelope of 1.2 KB with its row and index entries: not measured' },
  waitingDays: { value: 1, about: 'mean days until an entry is fetched by a device; most are at once' },
  reconnectSeconds: { value: 30, about: 'mean wait of a client before it comes back after a loss' },
  zones: { value: 3, about: 'zones, of which one may be lost' },
  busyShare: { value: 0.5, about: 'share of a core that is planned for at the peak' },
  socketsPerPod: { value: 16_000, about: 'sockets of a message pod; MAX_SOCKETS is 20 000' },
  postgresCores: { value: 32, about: 'cores of a primary' },
  walMbPerSecond: { value: 200, about: 'WAL that a primary and its replicas bear, in MB a second' },
  storageTb: { value: 8, about: 'data of a primary that can still be backed up and restored, in TB' },
  connections: { value: 500, about: 'connections of a primary' },
  connectionsPerPod: { value: 10, about: 'connections of a pod, DATABASE_POOL_MAX' },
} as const

export type Assumptions = { readonly [K in keyof typeof assumptions]: number }

export const defaults: Assumptions = Object.fromEntries(
  Object.entries(assumptions).map(([name, { value }]) => [name, value]),
) as Assumptions
