import { EntitySchema } from 'typeorm'

const ofAccount = (name: string, column: string) => ({
  name,
  target: 'KnownAccount',
  columnNames: [column],
  referencedColumnNames: ['userId'],
  onDelete: 'CASCADE' as const,
})

/** How two users stand to each other; migrations/0001-devices.ts explains the states. */
export interface StoredConnection {
  userLow: string
  userHigh: string
  state: 'none' | 'requested' | 'started' | 'open' | 'rejected'
  initiator: string | null
  requestId: string | null
  blockedByLow: boolean
  blockedByHigh: boolean
}

export const StoredConnectionEntity = new EntitySchema<StoredConnection>({
  name: 'StoredConnection',
  schema: 'message',
  tableName: 'connection',
  columns: {
    userLow: { name: 'user_low', type: 'uuid', primary: true, primaryKeyConstraintName: 'connection_pkey' },
    userHigh: { name: 'user_high', type: 'uuid', primary: true, primaryKeyConstraintName: 'connection_pkey' },
    state: { type: 'varchar', length: 10 },
    initiator: { type: 'uuid', nullable: true },
    requestId: { name: 'request_id', type: 'uuid', nullable: true },
    blockedByLow: { name: 'blocked_by_low', type: 'boolean', default: false },
    blockedByHigh: { name: 'blocked_by_high', type: 'boolean', default: false },
  },
  indices: [{ name: 'connection_user_high_idx', columns: ['userHigh'] }],
  checks: [
    { name: 'connection_order_check', expression: 'user_low < user_high' },
    {
      name: 'connection_state_check',
      expression: "state IN ('none', 'requested', 'started', 'open', 'rejected')",
    },
    { name: 'connection_initiator_check', expression: 'initiator IN (user_low, user_high)' },
  ],
  foreignKeys: [ofAccount('connection_user_low_fkey', 'userLow'), ofAccount('connection_user_high_fkey', 'userHigh')],
})

/** A request for a connection with its answer. */
export interface StoredRequest {
  requestId: string
  fromUser: string
  /** Null for a request that no device has made. */
  fromDevice: string | null
  toUser: string
  /** The signed Request. */
  handshake: Buffer | null
  senderPublicKeys: object | null
  createdAt: Date
  expiresAt: Date
  state: 'pending' | 'accepted' | 'rejected'
  /** The signed Response. */
  response: Buffer | null
  answeredByDevice: string | null
  answeredAt: Date | null
}

export const StoredRequestEntity = new EntitySchema<StoredRequest>({
  name: 'StoredRequest',
  schema: 'message',
  tableName: 'connection_request',
  columns: {
    requestId: {
      name: 'request_id',
      type: 'uuid',
      primary: true,
      primaryKeyConstraintName: 'connection_request_pkey',
    },
    fromUser: { name: 'from_user', type: 'uuid' },
    fromDevice: { name: 'from_device', type: 'bigint', nullable: true },
    toUser: { name: 'to_user', type: 'uuid' },
    handshake: { type: 'bytea', nullable: true },
    senderPublicKeys: { name: 'sender_public_keys', type: 'jsonb', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    expiresAt: { name: 'expires_at', type: 'timestamptz' },
    state: { type: 'varchar', length: 10 },
    response: { type: 'bytea', nullable: true },
    answeredByDevice: { name: 'answered_by_device', type: 'bigint', nullable: true },
    answeredAt: { name: 'answered_at', type: 'timestamptz', nullable: true },
  },
  indices: [
    { name: 'connection_request_to_user_idx', columns: ['toUser', 'createdAt'] },
    { name: 'connection_request_from_user_idx', columns: ['fromUser', 'toUser'] },
    { name: 'connection_request_expires_at_idx', columns: ['expiresAt'] },
    { name: 'connection_request_answered_at_idx', columns: ['answeredAt'], where: 'answered_at IS NOT NULL' },
  ],
  checks: [{ name: 'connection_request_state_check', expression: "state IN ('pending', 'accepted', 'rejected')" }],
  foreignKeys: [
    ofAccount('connection_request_from_user_fkey', 'fromUser'),
    ofAccount('connection_request_to_user_fkey', 'toUser'),
  ],
})
