import { limits } from '@qsm/contract'
import { acceptDeviceRecord, type DeviceRecord, decodeDeviceRecord, equalBytes } from '@qsm/protocol'
import { idFromBytes, QsmError } from '@qsm/server-kit'
import type { Verifier } from '../context.js'
import { judgeRecord, recordRefused } from '../records/refuse-record.js'

const field = 'device_record'

/**
 * A device record that a user hands in, verified: its own user's, signed within 5 minutes of the server's time, not
 * expired. Throws `forbidden` for another user's, else `record_refused`.
 */
export const judgeDeviceRecord = (verifier: Verifier, userId: string, bytes: Uint8Array): Promise<DeviceRecord> =>
  judgeRecord(field, async () => {
    const record = decodeDeviceRecord(bytes)
    if (idFromBytes(record.user) !== userId) {
      throw new QsmError('forbidden', `${field}: it names another user.`, { details: { field } })
    }
    if (Math.abs(record.createdAt - verifier.now()) > limits.recordSkewMs) {
      const minutes = limits.recordSkewMs / 60_000
      throw recordRefused(field, `createdAt must be within ${minutes} minutes of the server's time: set the clock.`)
    }
    await acceptDeviceRecord(verifier, record)
    return record
  })

/** Whether a fresh record may follow the stored one of the same device. Throws `device_id_taken` or `record_refused`. */
export const checkSuccession = (stored: DeviceRecord, fresh: DeviceRecord): void => {
  if (!equalBytes(stored.identityKey, fresh.identityKey)) {
    throw new QsmError('device_id_taken', undefined, { details: { field } })
  }
  if (
    stored.managed !== fresh.managed ||
    stored.suite !== fresh.suite ||
    stored.suites.join() !== fresh.suites.join()
  ) {
    throw recordRefused(field, 'suites and flags of a device never change: register another device.')
  }
  if (fresh.createdAt <= stored.createdAt) {
    throw recordRefused(field, 'createdAt must be newer than that of the stored record: sign a fresh one.')
  }
}
