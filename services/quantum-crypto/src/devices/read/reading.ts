import type { InputOf, OutputOf, readMessages } from '@qsm/contract'
import type { DeviceScope } from '../device/device-scope.js'
import type { Listed } from '../listed-devices.js'

export type MailboxEntry = InputOf<typeof readMessages>['entries'][number]

/** One reading of a mailbox: what it is given, and what it finds out. */
export interface Reading {
  readonly scope: DeviceScope
  readonly epoch: number
  /** Devices as the message service lists them, by address. */
  readonly listed: ReadonlyMap<string, Listed>
  /** Whether what belongs to no known session is given up. */
  readonly isLastTry: boolean
  usedPrekeys: number
  /** Users to whom an empty envelope is due. */
  readonly controlDue: Set<string>
  /** What others have said of own messages. */
  readonly receipts: OutputOf<typeof readMessages>['receipts']
}

/** Keeps why an entry could not be opened; the mailbox goes on behind it. */
export const quarantine = async (
  { scope, epoch }: Pick<Reading, 'scope' | 'epoch'>,
  entry: MailboxEntry,
  reason: string,
): Promise<void> => {
  scope.counters.quarantined.inc({ reason })
  await scope.query(
    `INSERT INTO crypto.quarantine (user_id, epoch, sequence, message_id, sender_user, sender_device, reason, received_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    [
      scope.userId,
      epoch,
      entry.sequence,
      entry.message_id,
      entry.sender_user_id,
      entry.sender_device_id,
      reason,
      entry.received_at,
    ],
  )
}
