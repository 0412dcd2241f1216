import type { OpenedMessage } from '@qsm/contract'
import { wipe } from '@qsm/protocol'
import type { DataKey } from '../../at-rest/data-key.js'
import { AtRestError } from '../../at-rest/key-encryption-key.js'
import type { DeviceScope } from '../device/device-scope.js'
import type { MessageKey } from './seen.js'

/** A text in the mailbox of a managed device. */
export interface OpenedText extends MessageKey {
  readonly epoch: number
  readonly sequence: number
  /** The other side of the conversation. */
  readonly peerUserId: string
  /** By the server's clock, ms since 1970. */
  readonly receivedAt: number
}

interface OpenedRow {
  readonly epoch: string
  readonly sequence: string
  readonly message_id: string
  readonly sender_user: string
  readonly sender_device: string
  readonly peer_user: string
  readonly received_at: string
  readonly critical: boolean
  readonly receipted: boolean
  readonly read_by_peer: boolean
  readonly sealed: Buffer
}

const columns =
  'epoch, sequence, message_id, sender_user, sender_device, peer_user, received_at, critical, receipted, read_by_peer, sealed'

const placeOf = ({ epoch, sequence, messageId, sender, peerUserId, receivedAt }: OpenedText) =>
  ['opened', epoch, sequence, messageId, sender.userId, sender.deviceId, peerUserId, receivedAt] as const

const textOfRow = (row: OpenedRow): OpenedText => ({
  epoch: Number(row.epoch),
  sequence: Number(row.sequence),
  messageId: row.message_id,
  sender: { userId: row.sender_user, deviceId: Number(row.sender_device) },
  peerUserId: row.peer_user,
  receivedAt: Number(row.received_at),
})

const sealText = (dataKey: DataKey, place: OpenedText, text: string): Uint8Array => {
  const bytes = new TextEncoder().encode(text)
  try {
    return dataKey.seal(placeOf(place), bytes)
  } finally {
    wipe(bytes)
  }
}

const openText = (dataKey: DataKey, row: OpenedRow): string => {
  const bytes = dataKey.open(placeOf(textOfRow(row)), row.sealed)
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  } finally {
    wipe(bytes)
  }
}

/** What is found out about a text. */
interface Marks {
  readonly critical: boolean
  readonly receipted: boolean
  readonly read_by_peer: boolean
}

/** Keeps a text, sealed, in its place of the mailbox. */
const putOpened = async (scope: DeviceScope, opened: OpenedText, text: string, marks: Marks): Promise<void> => {
  await scope.query(
    {
      name: 'insert-opened',
      text: `INSERT INTO crypto.opened (user_id, epoch, sequence, message_id, sender_user, sender_device, peer_user,
          received_at, critical, receipted, read_by_peer, sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (user_id, epoch, sequence) DO UPDATE SET message_id = excluded.message_id,
          sender_user = excluded.sender_user, sender_device = excluded.sender_device, peer_user = excluded.peer_user,
          received_at = excluded.received_at, critical = excluded.critical, receipted = excluded.receipted,
          read_by_peer = excluded.read_by_peer, sealed = excluded.sealed`,
    },
    [
      scope.userId,
      opened.epoch,
      opened.sequence,
      opened.messageId,
      opened.sender.userId,
      opened.sender.deviceId,
      opened.peerUserId,
      opened.receivedAt,
      marks.critical,
      marks.receipted,
      marks.read_by_peer,
      sealText(scope.dataKey, opened, text),
    ],
  )
}

/** Keeps a text that was just opened or sent. */
export const keepOpened = (scope: DeviceScope, opened: OpenedText, text: string, isCritical: boolean): Promise<void> =>
  putOpened(scope, opened, text, { critical: isCritical, receipted: false, read_by_peer: false })

/** A text of an earlier life of the mailbox stands where its envelope, which opens no second time, came again. */
export const moveOpened = async (
  scope: DeviceScope,
  { sender, messageId }: MessageKey,
  to: Pick<OpenedText, 'epoch' | 'sequence' | 'receivedAt'>,
): Promise<void> => {
  const [row] = await scope.query<OpenedRow>(
    `DELETE FROM crypto.opened
     WHERE user_id = $1 AND message_id = $2 AND sender_user = $3 AND sender_device = $4 AND epoch <> $5
     RETURNING ${columns}`,
    [scope.userId, messageId, sender.userId, sender.deviceId, to.epoch],
  )
  if (row) await putOpened(scope, { ...textOfRow(row), ...to }, openText(scope.dataKey, row), row)
}

/** The receiver says that own messages were delivered or read. Returns which of the ids are own messages to that user. */
export const takeReceipt = async (
  scope: DeviceScope,
  peerUserId: string,
  receipt: { readonly kind: 'delivered' | 'read'; readonly message_ids: readonly string[] },
): Promise<string[]> => {
  const rows = await scope.query<{ message_id: string }>(
    `UPDATE crypto.opened SET read_by_peer = read_by_peer OR $4
     WHERE user_id = $1 AND sender_user = $1 AND peer_user = $2 AND message_id = ANY ($3::uuid[]) RETURNING message_id`,
    [scope.userId, peerUserId, receipt.message_ids, receipt.kind === 'read'],
  )
  return rows.map(row => row.message_id)
}

const messageOf = (scope: DeviceScope, row: OpenedRow): OpenedMessage => {
  const isMine = row.sender_user === scope.userId
  return {
    sequence: Number(row.sequence),
    id: row.message_id,
    sender_user_id: row.sender_user,
    peer_user_id: row.peer_user,
    content: openText(scope.dataKey, row),
    message_type: row.critical ? 'critical' : 'secured',
    received_at: Number(row.received_at),
    is_mine: isMine,
    is_read_by_peer: isMine ? row.read_by_peer : null,
    // What is kept here was opened under the pinned key of its sender, or is the own note.
    verified: true,
  }
}

export interface Page {
  readonly messages: readonly OpenedMessage[]
  readonly next: number
  readonly more: boolean
}

/** A row that was changed is not shown; it is counted. */
const readable = (scope: DeviceScope, rows: readonly OpenedRow[]): readonly OpenedMessage[] =>
  rows.flatMap(row => {
    try {
      return [messageOf(scope, row)]
    } catch (error) {
      if (!(error instanceof AtRestError)) throw error
      scope.counters.atRestFailures.inc({ reason: error.reason })
      return []
    }
  })

/** Texts behind `after`, at most `limit`, and before them unread critical ones that others sent, at most as many. */
export const listOpened = async (
  scope: DeviceScope,
  range: {
    readonly epoch: number
    readonly after: number
    readonly limit: number
    readonly readUpTo: number
    /** How far the mailbox was opened: where the last page ends. */
    readonly openedUpTo: number
  },
): Promise<Page> => {
  const { epoch, after, limit, readUpTo, openedUpTo } = range
  const urgent =
    readUpTo < after
      ? await scope.query<OpenedRow>(
          `SELECT ${columns} FROM crypto.opened
           WHERE user_id = $1 AND epoch = $2 AND sequence > $3 AND sequence <= $4 AND critical AND sender_user <> $1
           ORDER BY sequence LIMIT $5`,
          [scope.userId, epoch, readUpTo, after, limit],
        )
      : []
  const behind = await scope.query<OpenedRow>(
    {
      name: 'list-opened',
      text: `SELECT ${columns} FROM crypto.opened WHERE user_id = $1 AND epoch = $2 AND sequence > $3
        ORDER BY sequence LIMIT $4`,
    },
    [scope.userId, epoch, after, limit + 1],
  )
  const page = behind.slice(0, limit)
  const more = behind.length > limit
  const last = page.at(-1)
  return {
    messages: [...readable(scope, urgent), ...readable(scope, page)],
    next: more ? Number(last?.sequence ?? after) : Math.max(after, openedUpTo),
    more,
  }
}
