import type { InputOf, OutputOf, sealMessage } from '@qsm/contract'
import { createBatcher, isDatabaseTrouble, type Query } from '@qsm/server-kit'
import { lockFreeDevices } from '../device/device-row.js'
import { type DeviceWork, withScope } from '../device/device-scope.js'
import type { DeviceParts } from '../parts.js'
import { gatherTables } from '../tables/gathered-tables.js'
import { seal } from './seal.js'

type SealInput = InputOf<typeof sealMessage>
type Sealed = OutputOf<typeof sealMessage>

interface Job {
  readonly userId: string
  readonly input: SealInput
}

/** So many users share a transaction. */
const maxTogether = 64
/** While the signatures of one are being made, the statements of another run. */
const maxTransactions = 2

/** Whatever else is asked of the database in the middle of it is work for a transaction of its own. */
const refuse: Query = () => Promise.reject(new Error('a statement that is not gathered'))

/**
 * Seals for several users in one transaction: they are locked, read and stored by one statement each. Null for a device that is
 * locked elsewhere and for whatever fails, of which nothing is stored.
 */
const sealAll = (parts: DeviceParts, jobs: readonly Job[]): Promise<readonly (Sealed | null)[]> =>
  parts.database.transaction(async query => {
    const ids = jobs.map(({ userId }) => userId)
    const [rows, tables] = [await lockFreeDevices(query, ids), gatherTables(query)]
    const results = await Promise.all(
      jobs.map(async ({ userId, input }) => {
        const [row, own] = [rows.get(userId), tables.of(userId)]
        if (!row) return null
        try {
          const sealed = await withScope(parts, refuse, row, scope => seal(scope, input), own)
          own.take()
          return sealed
        } catch {
          return null // Done once more by itself, which meets the same and tells it.
        }
      }),
    )
    await tables.store()
    return results
  })

/**
 * Seals a payload, together with what others seal at the same time: nothing is given out before it is committed. What begins
 * sessions, and what fails, goes through `workOn` by itself, so that nobody meets the trouble of another. At most one job of a
 * user at a time.
 */
export const createSealTogether = (
  parts: DeviceParts,
  workOn: DeviceWork,
): ((userId: string, input: SealInput) => Promise<Sealed>) => {
  const together = createBatcher<Job, Sealed | null>({
    maxItems: maxTogether,
    maxInFlight: maxTransactions,
    run: jobs => sealAll(parts, jobs),
  })
  const tryTogether = async (job: Job): Promise<Sealed | null> => {
    const { bundles, responses } = job.input
    if (bundles.length > 0 || responses.length > 0) return null
    try {
      return await together(job)
    } catch (error) {
      if (isDatabaseTrouble(error)) throw error
      return null
    }
  }
  return async (userId, input) => (await tryTogether({ userId, input })) ?? workOn(userId, scope => seal(scope, input))
}
