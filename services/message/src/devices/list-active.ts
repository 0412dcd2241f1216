import type { Database } from '@qsm/server-kit'
import { type StoredDevice, StoredDeviceEntity } from '../entities/device.js'

/** The active devices of a user with their records, oldest first. */
export const activeDevicesOf = (database: Database, userId: string, now: number): Promise<StoredDevice[]> =>
  database.dataSource
    .getRepository(StoredDeviceEntity)
    .createQueryBuilder('device')
    .where('device.userId = :userId AND device.removedAt IS NULL', { userId })
    .andWhere('(device.expiresAt = 0 OR device.expiresAt > :now)', { now })
    .orderBy('device.createdAt', 'ASC')
    .addOrderBy('device.deviceId', 'ASC')
    .getMany()
