import { encodeBase64, type ListedDevice } from '@qsm/contract'
import type { Database } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import type { ManagedInput } from '../managed/managed-devices.js'

type ReadInput = ManagedInput<'read'>

/** A part of a mailbox as the quantum service opens it. */
export interface ManagedEntries extends Pick<ReadInput, 'entries' | 'devices'> {
  /** Whether there is something behind the last one. */
  readonly more: boolean
}

interface Row {
  readonly sequence: string
  readonly received_at: string
  readonly message_id: string
  readonly sender_user: string
  readonly sender_device: string
  readonly envelope: Buffer
  readonly body: Buffer | null
  readonly record: Buffer | null
  readonly found: number
}

const maxEntries = 50
/** Of envelopes and bodies; base64 makes it a third more, well within one operation. The first entry comes at any size. */
const maxBytes = 4_194_304

/** Records of removed devices too: what they have sent before is as good as it was. */
const statement = `
SELECT p.*, d.record FROM (
  SELECT m.*, b.body, count(*) OVER ()::int AS found, row_number() OVER w AS place,
    sum(octet_length(m.envelope) + coalesce(octet_length(b.body), 0)) OVER w AS bytes
  FROM (
    SELECT sequence, received_at, message_id, sender_user, sender_device, has_body, envelope FROM message.entry
    WHERE user_id = $1 AND device_id = $2 AND sequence > $3 ORDER BY sequence LIMIT ${maxEntries + 1}
  ) m
  LEFT JOIN message.body b ON m.has_body AND b.sender_user = m.sender_user
    AND b.sender_device = m.sender_device AND b.message_id = m.message_id
  WINDOW w AS (ORDER BY m.sequence)
) p
LEFT JOIN message.device d ON d.user_id = p.sender_user AND d.device_id = p.sender_device
WHERE p.place <= ${maxEntries} AND (p.bytes <= ${maxBytes} OR p.place = 1) ORDER BY p.sequence`

const entryOf = (row: Row, owner: DeviceAddress): ReadInput['entries'][number] => ({
  sequence: Number(row.sequence),
  received_at: Number(row.received_at),
  message_id: row.message_id,
  sender_user_id: row.sender_user,
  sender_device_id: Number(row.sender_device),
  envelope: encodeBase64(row.envelope),
  body: row.body && encodeBase64(row.body),
  // No device sends an envelope to itself.
  is_note: row.sender_user === owner.userId && Number(row.sender_device) === owner.deviceId,
})

const sendersOf = (rows: readonly Row[]): ListedDevice[] => {
  const found = new Map<string, ListedDevice>()
  for (const { sender_user: user_id, sender_device, record } of rows) {
    const device_id = Number(sender_device)
    if (record) found.set(`${user_id}/${device_id}`, { user_id, device_id, record: encodeBase64(record) })
  }
  return [...found.values()]
}

/** The entries of a managed device's mailbox behind a number, with the records of the devices that have sent them. */
export const managedEntries = async (
  { query }: Pick<Database, 'query'>,
  owner: DeviceAddress,
  after: number,
): Promise<ManagedEntries> => {
  const rows = await query<Row>({ name: 'managed-entries', text: statement }, [owner.userId, owner.deviceId, after])
  return {
    entries: rows.map(row => entryOf(row, owner)),
    devices: sendersOf(rows),
    more: rows.length < (rows[0]?.found ?? 0),
  }
}
