import type { InputOf, OutputOf, readMessages } from '@qsm/contract'
import { QsmError } from '@qsm/server-kit'
import type { DeviceScope } from '../device/device-scope.js'
import { byAddress, listedDevices } from '../listed-devices.js'
import { takeResponses } from '../own-requests.js'
import { listOpened } from './opened-texts.js'
import type { Reading } from './reading.js'
import { takeEntry } from './take-entry.js'

type ReadInput = InputOf<typeof readMessages>

const checkOrder = ({ entries, from }: ReadInput): void => {
  const ascends = entries.every(({ sequence }, index) => sequence > (entries[index - 1]?.sequence ?? from))
  if (ascends) return
  throw new QsmError('validation_failed', 'entries: their sequences ascend, and the first stands behind `from`', {
    details: { field: 'entries' },
  })
}

/** Opens the entries in their order. Returns how far, and whether the next one waits. */
const openEntries = async (reading: Reading, { entries, from }: ReadInput) => {
  let openedUpTo = from
  for (const entry of entries) {
    if (!(await takeEntry(reading, entry))) return { openedUpTo, isWaiting: true }
    openedUpTo = entry.sequence
  }
  return { openedUpTo, isWaiting: false }
}

/** Opens what is new in the mailbox and lists what was opened; see `readMessages` of the contract. */
export const read = async (scope: DeviceScope, input: ReadInput): Promise<OutputOf<typeof readMessages>> => {
  const { epoch, from } = input
  checkOrder(input)
  const stored = epoch === scope.row.mailboxEpoch ? scope.row.openedUpTo : 0
  const reading: Reading = {
    scope,
    epoch,
    listed: byAddress(listedDevices(input.devices)),
    isLastTry: input.responses_complete,
    usedPrekeys: 0,
    controlDue: new Set(),
    receipts: [],
  }
  await takeResponses(scope, input.responses)
  const { openedUpTo, isWaiting } =
    from === stored ? await openEntries(reading, input) : { openedUpTo: stored, isWaiting: false }
  if (openedUpTo !== scope.row.openedUpTo || epoch !== scope.row.mailboxEpoch) {
    await scope.query('UPDATE crypto.device SET mailbox_epoch = $2, opened_up_to = $3 WHERE user_id = $1', [
      scope.userId,
      epoch,
      openedUpTo,
    ])
  }
  const { after, limit, read_up_to: readUpTo } = input
  const page = await listOpened(scope, { epoch, after, limit, readUpTo, openedUpTo })
  return {
    opened_up_to: openedUpTo,
    ...page,
    messages: [...page.messages],
    wants_responses: isWaiting,
    used_prekeys: reading.usedPrekeys,
    control_due: [...reading.controlDue],
    receipts: reading.receipts,
  }
}
