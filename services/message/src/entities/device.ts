import { EntitySchema } from 'typeorm'

/** A device of a user; a removed one stays as a tombstone. */
export interface StoredDevice {
  userId: string
  deviceId: string
  /** The signed DeviceRecord. */
  record: Buffer
  createdAt: Date
  removedAt: Date | null
}

export const StoredDeviceEntity = new EntitySchema<StoredDevice>({
  name: 'StoredDevice',
  schema: 'message',
  tableName: 'device',
  columns: {
    userId: {
      name: 'user_id',
      type: 'uuid',
      primary: true,
      primaryKeyConstraintName: 'device_pkey',
      foreignKey: { target: 'KnownAccount', name: 'device_user_id_fkey', onDelete: 'CASCADE' },
    },
    deviceId: { name: 'device_id', type: 'bigint', primary: true, primaryKeyConstraintName: 'device_pkey' },
    record: { type: 'bytea' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    removedAt: { name: 'removed_at', type: 'timestamptz', nullable: true },
  },
})
