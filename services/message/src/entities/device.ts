import { EntitySchema } from 'typeorm'

/** The columns that name a device, as each table of a device has them. */
const deviceKey = (primaryKeyConstraintName: string) =>
  ({
    userId: { name: 'user_id', type: 'uuid', primary: true, primaryKeyConstraintName },
    deviceId: { name: 'device_id', type: 'bigint', primary: true, primaryKeyConstraintName },
  }) as const

const ofDevice = (name: string, columnNames: readonly string[] = ['userId', 'deviceId']) => ({
  name,
  target: 'StoredDevice',
  columnNames: [...columnNames],
  referencedColumnNames: ['userId', 'deviceId'],
  onDelete: 'CASCADE' as const,
})

/** A device of a user; a removed one stays as a tombstone. */
export interface StoredDevice {
  userId: string
  deviceId: string
  /** The signed DeviceRecord. */
  record: Buffer
  /** Milliseconds since 1970; 0 is never. */
  expiresAt: string
  createdAt: Date
  removedAt: Date | null
  /** Played by the quantum service; one at most of a user that was not removed. */
  managed: boolean
}

export const StoredDeviceEntity = new EntitySchema<StoredDevice>({
  name: 'StoredDevice',
  schema: 'message',
  tableName: 'device',
  columns: {
    ...deviceKey('device_pkey'),
    record: { type: 'bytea' },
    expiresAt: { name: 'expires_at', type: 'bigint' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    removedAt: { name: 'removed_at', type: 'timestamptz', nullable: true },
    managed: { type: 'boolean', default: false },
  },
  indices: [
    { name: 'device_managed_idx', columns: ['userId'], unique: true, where: 'managed AND (removed_at IS NULL)' },
  ],
  foreignKeys: [
    {
      name: 'device_user_id_fkey',
      target: 'KnownAccount',
      columnNames: ['userId'],
      referencedColumnNames: ['userId'],
      onDelete: 'CASCADE',
    },
  ],
})

/** The device that a login session works as. */
export interface DeviceBinding {
  sessionId: string
  userId: string
  deviceId: string
  boundAt: Date
}

export const DeviceBindingEntity = new EntitySchema<DeviceBinding>({
  name: 'DeviceBinding',
  schema: 'message',
  tableName: 'device_binding',
  columns: {
    sessionId: { name: 'session_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'device_binding_pkey' },
    userId: { name: 'user_id', type: 'uuid' },
    deviceId: { name: 'device_id', type: 'bigint' },
    boundAt: { name: 'bound_at', type: 'timestamptz' },
  },
  indices: [{ name: 'device_binding_device_idx', columns: ['userId', 'deviceId'] }],
  foreignKeys: [ofDevice('device_binding_device_fkey')],
})

/** A prekey that can be handed out. */
export interface StoredPrekey {
  userId: string
  deviceId: string
  prekeyId: string
  kind: number
  record: Buffer
  notAfter: string
}

export const StoredPrekeyEntity = new EntitySchema<StoredPrekey>({
  name: 'StoredPrekey',
  schema: 'message',
  tableName: 'prekey',
  columns: {
    ...deviceKey('prekey_pkey'),
    prekeyId: { name: 'prekey_id', type: 'bigint', primary: true, primaryKeyConstraintName: 'prekey_pkey' },
    kind: { type: 'smallint' },
    record: { type: 'bytea' },
    notAfter: { name: 'not_after', type: 'bigint' },
  },
  indices: [{ name: 'prekey_not_after_idx', columns: ['notAfter'] }],
  checks: [{ name: 'prekey_kind_check', expression: 'kind IN (1, 2)' }],
  foreignKeys: [ofDevice('prekey_device_fkey')],
})

/** A prekey id that a device has used. */
export interface UsedPrekey {
  userId: string
  deviceId: string
  prekeyId: string
  bodySha256: Buffer
}

export const UsedPrekeyEntity = new EntitySchema<UsedPrekey>({
  name: 'UsedPrekey',
  schema: 'message',
  tableName: 'prekey_used',
  columns: {
    ...deviceKey('prekey_used_pkey'),
    prekeyId: { name: 'prekey_id', type: 'bigint', primary: true, primaryKeyConstraintName: 'prekey_used_pkey' },
    bodySha256: { name: 'body_sha256', type: 'bytea' },
  },
  foreignKeys: [ofDevice('prekey_used_device_fkey')],
})

/** How many envelopes the initiator of a started connection has stored for a device of the other side. */
export interface StartedUse {
  fromUser: string
  toUser: string
  toDevice: string
  envelopes: number
}

export const StartedUseEntity = new EntitySchema<StartedUse>({
  name: 'StartedUse',
  schema: 'message',
  tableName: 'started_use',
  columns: {
    fromUser: { name: 'from_user', type: 'uuid', primary: true, primaryKeyConstraintName: 'started_use_pkey' },
    toUser: { name: 'to_user', type: 'uuid', primary: true, primaryKeyConstraintName: 'started_use_pkey' },
    toDevice: { name: 'to_device', type: 'bigint', primary: true, primaryKeyConstraintName: 'started_use_pkey' },
    envelopes: { type: 'integer' },
  },
  indices: [{ name: 'started_use_device_idx', columns: ['toUser', 'toDevice'] }],
  foreignKeys: [
    {
      name: 'started_use_from_user_fkey',
      target: 'KnownAccount',
      columnNames: ['fromUser'],
      referencedColumnNames: ['userId'],
      onDelete: 'CASCADE',
    },
    ofDevice('started_use_device_fkey', ['toUser', 'toDevice']),
  ],
})
