import { type ensureDevice as contract, encodeBase64, type InputOf, type OutputOf } from '@qsm/contract'
import { QsmError } from '@qsm/server-kit'
import type { DeviceParts } from '../parts.js'
import type { UserTurns } from '../user-turns.js'
import { deleteDevice, insertDevice, lockDevice } from './device-row.js'
import { watchDevice, withScope } from './device-scope.js'
import { drawDevice, signRecord } from './draw-device.js'

type Ensured = OutputOf<typeof contract>

/** How often another process may come in between: each time it has made a device, so the second look finds one. */
const maxRounds = 5

const answer = (device_id: number, record: Uint8Array, is_new: boolean): Ensured => ({
  device_id,
  device_record: encodeBase64(record),
  is_new,
})

/**
 * The managed device of a user, made where there is none or its id cannot be used. Keys are drawn outside of a transaction:
 * of several at once the first to store them has made the device.
 */
export const createEnsureDevice = (parts: DeviceParts, turns: UserTurns) => {
  /** The device as it is, with a record signed anew; null where it has to be made. */
  const findUsable = (userId: string, unusable: ReadonlySet<number>): Promise<Ensured | null> =>
    parts.database.transaction(async query => {
      const row = await lockDevice(query, userId)
      if (!row || unusable.has(row.deviceId)) return null
      return withScope(parts, query, row, async scope => {
        const record = await signRecord(scope.algorithms, scope.local, scope.record)
        await query('UPDATE crypto.device SET record = $2 WHERE user_id = $1', [userId, record.bytes])
        return answer(row.deviceId, record.bytes, false)
      })
    })

  const make = async (userId: string, unusable: ReadonlySet<number>): Promise<Ensured | null> => {
    const drawn = await drawDevice(parts, userId, unusable)
    const isStored = await parts.database.transaction(async query => {
      // Before the device, as whoever deletes a user locks them.
      const owner = await query('SELECT 1 FROM crypto.owner WHERE user_id = $1 FOR KEY SHARE', [userId])
      if (owner.length === 0) throw new QsmError('unauthorized')
      const row = await lockDevice(query, userId)
      if (row && !unusable.has(row.deviceId)) return false
      if (row) await deleteDevice(query, userId)
      return insertDevice(query, drawn, new Date(parts.algorithms.now()))
    })
    return isStored ? answer(drawn.deviceId, drawn.record, true) : null
  }

  return (userId: string, input: InputOf<typeof contract>): Promise<Ensured> =>
    turns(userId, () =>
      watchDevice(parts, userId, async () => {
        const unusable = new Set(input.unusable_device_ids)
        for (let round = 0; round < maxRounds; round += 1) {
          const ensured = (await findUsable(userId, unusable)) ?? (await make(userId, unusable))
          if (ensured) return ensured
        }
        throw new Error('a managed device was made and removed again by somebody else, each time')
      }),
    )
}
