import type { InputOf, OutputOf, sealMessage } from '@qsm/contract'
import { createBatcher, isDatabaseTrouble, QsmError, type Query } from '@qsm/server-kit'
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
/** So much do their jobs weigh at most. */
const maxWeightTogether = 128
/** A job that weighs more keeps nobody waiting: its signatures are made one after the other. */
const maxWeightOfOne = 16
/** A text weighs as much as one sealing for so many characters. */
const charactersPerSealing = 32_768
/** While the signatures of one are being made, the statements of another run. */
const maxTransactions = 2

/** Sealings, and what the text adds. What is stored of the sessions is only known when it has been read. */
const weightOf = ({ input: { devices, payload } }: Job): number => {
  if (payload.kind !== 'text') return devices.length
  const sends = payload.message_type === 'critical' ? 2 : 1
  return devices.length * sends + Math.floor(payload.text.length / charactersPerSealing)
}

/** A statement or a lock took too long (57014, 55P03): of several jobs together it may be the size of one. */
const isTooSlow = (error: unknown): boolean => ['57014', '55P03'].includes(String((error as { code?: unknown }).code))

/** Whatever else is asked of the database in the middle of it is work for a transaction of its own. */
const refuse: Query = () => Promise.reject(new Error('a statement that is not gathered'))

/**
 * Seals for several users in one transaction: they are locked, read and stored by one statement each. Of a job that
 * fails nothing is stored: its own error where it is one for an answer, null for any other, and for a device that is locked
 * elsewhere.
 */
const sealAll = (parts: DeviceParts, jobs: readonly Job[]): Promise<readonly (Sealed | QsmError | null)[]> =>
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
        } catch (error) {
          // What is unknown is done once more by itself, which meets the same and tells it.
          return error instanceof QsmError ? error : null
        }
      }),
    )
    await tables.store()
    return results
  })

/**
 * Seals a payload, together with what others seal at the same time: nothing is given out before it is committed. What begins
 * sessions, is heavy, or fails for an unknown reason goes through `workOn` by itself, so that nobody meets the trouble of
 * another. At most one job of a user at a time.
 */
export const createSealTogether = (
  parts: DeviceParts,
  workOn: DeviceWork,
): ((userId: string, input: SealInput) => Promise<Sealed>) => {
  const together = createBatcher<Job, Sealed | null>({
    maxItems: maxTogether,
    maxInFlight: maxTransactions,
    weightOf,
    maxWeight: maxWeightTogether,
    run: jobs =>
      sealAll(parts, jobs).catch((error: unknown) => {
        if (jobs.length > 1 && isTooSlow(error)) return jobs.map(() => null)
        throw error
      }),
  })
  const tryTogether = async (job: Job): Promise<Sealed | null> => {
    const { bundles, responses } = job.input
    if (bundles.length > 0 || responses.length > 0 || weightOf(job) > maxWeightOfOne) return null
    try {
      return await together(job)
    } catch (error) {
      if (error instanceof QsmError || isDatabaseTrouble(error)) throw error
      return null
    }
  }
  return async (userId, input) => (await tryTogether({ userId, input })) ?? workOn(userId, scope => seal(scope, input))
}
