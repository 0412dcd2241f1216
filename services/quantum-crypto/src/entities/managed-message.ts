import { EntitySchema } from 'typeorm'

const ofDevice = (name: string) => ({
  name,
  target: 'ManagedDevice',
  columnNames: ['userId'],
  referencedColumnNames: ['userId'],
  onDelete: 'CASCADE' as const,
})

/** A place in the mailbox of a managed device. */
const placeKey = (primaryKeyConstraintName: string) =>
  ({
    userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName },
    epoch: { type: 'bigint', primary: true, primaryKeyConstraintName },
    sequence: { type: 'bigint', primary: true, primaryKeyConstraintName },
  }) as const

/** A message of a device. */
const messageKey = (primaryKeyConstraintName: string) =>
  ({
    userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName },
    senderUser: { name: 'sender_user', type: 'uuid', primary: true, primaryKeyConstraintName },
    senderDevice: { name: 'sender_device', type: 'bigint', primary: true, primaryKeyConstraintName },
    messageId: { name: 'message_id', type: 'uuid', primary: true, primaryKeyConstraintName },
  }) as const

/** What was sealed under an id of the client. */
export interface OutboxEntry {
  userId: string
  clientMessageId: string
  sealed: Buffer
  createdAt: string
}

export const OutboxEntity = new EntitySchema<OutboxEntry>({
  name: 'OutboxEntry',
  schema: 'crypto',
  tableName: 'outbox',
  columns: {
    userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'outbox_pkey' },
    clientMessageId: {
      name: 'client_message_id',
      type: 'uuid',
      primary: true,
      primaryKeyConstraintName: 'outbox_pkey',
    },
    sealed: { type: 'bytea' },
    createdAt: { name: 'created_at', type: 'bigint' },
  },
  indices: [{ name: 'outbox_created_at_idx', columns: ['createdAt'] }],
  foreignKeys: [ofDevice('outbox_user_id_fkey')],
})

/** A text that was opened or sent. */
export interface OpenedText {
  userId: string
  epoch: string
  sequence: string
  messageId: string
  senderUser: string
  senderDevice: string
  peerUser: string
  receivedAt: string
  critical: boolean
  receipted: boolean
  readByPeer: boolean
  sealed: Buffer
}

export const OpenedTextEntity = new EntitySchema<OpenedText>({
  name: 'OpenedText',
  schema: 'crypto',
  tableName: 'opened',
  columns: {
    ...placeKey('opened_pkey'),
    messageId: { name: 'message_id', type: 'uuid' },
    senderUser: { name: 'sender_user', type: 'uuid' },
    senderDevice: { name: 'sender_device', type: 'bigint' },
    peerUser: { name: 'peer_user', type: 'uuid' },
    receivedAt: { name: 'received_at', type: 'bigint' },
    critical: { type: 'boolean' },
    receipted: { type: 'boolean' },
    readByPeer: { name: 'read_by_peer', type: 'boolean' },
    sealed: { type: 'bytea' },
  },
  indices: [
    { name: 'opened_message_idx', columns: ['userId', 'messageId'] },
    { name: 'opened_received_at_idx', columns: ['receivedAt'] },
  ],
  foreignKeys: [ofDevice('opened_user_id_fkey')],
})

/** A message that was shown. */
export interface SeenMessage {
  userId: string
  senderUser: string
  senderDevice: string
  messageId: string
  seenAt: string
}

export const SeenMessageEntity = new EntitySchema<SeenMessage>({
  name: 'SeenMessage',
  schema: 'crypto',
  tableName: 'seen',
  columns: { ...messageKey('seen_pkey'), seenAt: { name: 'seen_at', type: 'bigint' } },
  indices: [{ name: 'seen_seen_at_idx', columns: ['seenAt'] }],
  foreignKeys: [ofDevice('seen_user_id_fkey')],
})

/** A message that was called critical before it came. */
export interface AnnouncedMessage {
  userId: string
  senderUser: string
  senderDevice: string
  messageId: string
  announcedAt: string
}

export const AnnouncedMessageEntity = new EntitySchema<AnnouncedMessage>({
  name: 'AnnouncedMessage',
  schema: 'crypto',
  tableName: 'announced',
  columns: { ...messageKey('announced_pkey'), announcedAt: { name: 'announced_at', type: 'bigint' } },
  indices: [{ name: 'announced_announced_at_idx', columns: ['announcedAt'] }],
  foreignKeys: [ofDevice('announced_user_id_fkey')],
})

/** An entry of the mailbox that could not be opened. */
export interface QuarantinedEntry {
  userId: string
  epoch: string
  sequence: string
  messageId: string
  senderUser: string
  senderDevice: string
  reason: string
  receivedAt: string
}

export const QuarantinedEntryEntity = new EntitySchema<QuarantinedEntry>({
  name: 'QuarantinedEntry',
  schema: 'crypto',
  tableName: 'quarantine',
  columns: {
    ...placeKey('quarantine_pkey'),
    messageId: { name: 'message_id', type: 'uuid' },
    senderUser: { name: 'sender_user', type: 'uuid' },
    senderDevice: { name: 'sender_device', type: 'bigint' },
    reason: { type: 'varchar', length: 40 },
    receivedAt: { name: 'received_at', type: 'bigint' },
  },
  indices: [{ name: 'quarantine_received_at_idx', columns: ['receivedAt'] }],
  foreignKeys: [ofDevice('quarantine_user_id_fkey')],
})
