import { EntitySchema } from 'typeorm'

/** The columns by which each table names the device of its rows, with one more of its key. */
const ofUser = (primaryKeyConstraintName: string) =>
  ({ userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName } }) as const

const ofDevice = (name: string) => ({
  name,
  target: 'ManagedDevice',
  columnNames: ['userId'],
  referencedColumnNames: ['userId'],
  onDelete: 'CASCADE' as const,
})

/** The device that the server plays for a user. */
export interface ManagedDevice {
  userId: string
  deviceId: string
  keyId: string
  kekId: string
  wrappedKey: Buffer
  keys: Buffer
  record: Buffer
  nextPrekeyId: string
  mailboxEpoch: string
  openedUpTo: string
  createdAt: Date
}

export const ManagedDeviceEntity = new EntitySchema<ManagedDevice>({
  name: 'ManagedDevice',
  schema: 'crypto',
  tableName: 'device',
  columns: {
    ...ofUser('device_pkey'),
    deviceId: { name: 'device_id', type: 'bigint' },
    keyId: { name: 'key_id', type: 'uuid' },
    kekId: { name: 'kek_id', type: 'varchar', length: 100 },
    wrappedKey: { name: 'wrapped_key', type: 'bytea' },
    keys: { type: 'bytea' },
    record: { type: 'bytea' },
    nextPrekeyId: { name: 'next_prekey_id', type: 'bigint' },
    mailboxEpoch: { name: 'mailbox_epoch', type: 'bigint' },
    openedUpTo: { name: 'opened_up_to', type: 'bigint' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
  },
  foreignKeys: [
    {
      name: 'device_user_id_fkey',
      target: 'Owner',
      columnNames: ['userId'],
      referencedColumnNames: ['userId'],
      onDelete: 'CASCADE',
    },
  ],
})

/** The private halves of a prekey. */
export interface ManagedPrekey {
  userId: string
  prekeyId: string
  notAfter: string
  secrets: Buffer
}

export const ManagedPrekeyEntity = new EntitySchema<ManagedPrekey>({
  name: 'ManagedPrekey',
  schema: 'crypto',
  tableName: 'prekey',
  columns: {
    ...ofUser('prekey_pkey'),
    prekeyId: { name: 'prekey_id', type: 'bigint', primary: true, primaryKeyConstraintName: 'prekey_pkey' },
    notAfter: { name: 'not_after', type: 'bigint' },
    secrets: { type: 'bytea' },
  },
  indices: [{ name: 'prekey_not_after_idx', columns: ['notAfter'] }],
  foreignKeys: [ofDevice('prekey_user_id_fkey')],
})

/** An own request that waits for an answer. */
export interface ManagedRequest {
  userId: string
  requestId: string
  toUser: string
  expiresAt: string
  secrets: Buffer
}

export const ManagedRequestEntity = new EntitySchema<ManagedRequest>({
  name: 'ManagedRequest',
  schema: 'crypto',
  tableName: 'request',
  columns: {
    ...ofUser('request_pkey'),
    requestId: { name: 'request_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'request_pkey' },
    toUser: { name: 'to_user', type: 'uuid' },
    expiresAt: { name: 'expires_at', type: 'bigint' },
    secrets: { type: 'bytea' },
  },
  indices: [{ name: 'request_expires_at_idx', columns: ['expiresAt'] }],
  foreignKeys: [ofDevice('request_user_id_fkey')],
})

/** An answer to the request of somebody else. */
export interface ManagedAnswer {
  userId: string
  requestId: string
  peerUser: string
  peerDevice: string
  sealed: Buffer
  expiresAt: string
}

export const ManagedAnswerEntity = new EntitySchema<ManagedAnswer>({
  name: 'ManagedAnswer',
  schema: 'crypto',
  tableName: 'answer',
  columns: {
    ...ofUser('answer_pkey'),
    requestId: { name: 'request_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'answer_pkey' },
    peerUser: { name: 'peer_user', type: 'uuid' },
    peerDevice: { name: 'peer_device', type: 'bigint' },
    sealed: { type: 'bytea' },
    expiresAt: { name: 'expires_at', type: 'bigint' },
  },
  indices: [{ name: 'answer_expires_at_idx', columns: ['expiresAt'] }],
  foreignKeys: [ofDevice('answer_user_id_fkey')],
})

/** All sessions with one device of a peer. */
export interface ManagedPeer {
  userId: string
  peerUser: string
  peerDevice: string
  generation: string
  hasSession: boolean
  tidyAt: string | null
  state: Buffer
}

export const ManagedPeerEntity = new EntitySchema<ManagedPeer>({
  name: 'ManagedPeer',
  schema: 'crypto',
  tableName: 'peer',
  columns: {
    ...ofUser('peer_pkey'),
    peerUser: { name: 'peer_user', type: 'uuid', primary: true, primaryKeyConstraintName: 'peer_pkey' },
    peerDevice: { name: 'peer_device', type: 'bigint', primary: true, primaryKeyConstraintName: 'peer_pkey' },
    generation: { type: 'bigint' },
    hasSession: { name: 'has_session', type: 'boolean' },
    tidyAt: { name: 'tidy_at', type: 'bigint', nullable: true },
    state: { type: 'bytea' },
  },
  indices: [{ name: 'peer_tidy_at_idx', columns: ['tidyAt'] }],
  foreignKeys: [ofDevice('peer_user_id_fkey')],
})
