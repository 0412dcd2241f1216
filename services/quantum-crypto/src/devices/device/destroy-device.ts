import type { DeviceParts } from '../parts.js'
import type { UserTurns } from '../user-turns.js'
import { deleteDevice, lockDevice } from './device-row.js'

/** Destroys every key of the managed device of a user, and all that it has opened. Nothing happens where there is none. */
export const createDestroyDevice =
  ({ database }: Pick<DeviceParts, 'database'>, turns: UserTurns) =>
  (userId: string): Promise<Record<string, never>> =>
    turns(userId, () =>
      database.transaction(async query => {
        await lockDevice(query, userId)
        await deleteDevice(query, userId)
        return {}
      }),
    )
