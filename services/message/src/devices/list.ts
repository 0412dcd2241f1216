import { IsNull } from 'typeorm'
import type { MessageContext } from '../context.js'
import { type StoredDevice, StoredDeviceEntity } from '../entities/device.js'

/** The devices of a user that were not removed, oldest first. */
export const devicesOf = (context: MessageContext, userId: string): Promise<StoredDevice[]> =>
  context.database.dataSource
    .getRepository(StoredDeviceEntity)
    .find({ where: { userId, removedAt: IsNull() }, order: { createdAt: 'ASC' } })
