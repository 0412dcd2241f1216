import type { OpenedMessage } from '@qsm/contract'
import type { Query } from '@qsm/server-kit'

/** A message as routes and sockets show it to a thin client. */
export interface ReadableMessage {
  readonly id: string
  readonly sequence: number
  readonly sender_username: string
  readonly peer_username: string
  readonly content: string
  readonly message_type: OpenedMessage['message_type']
  readonly timestamp: string
  readonly is_mine: boolean
  readonly is_read: boolean
  readonly verified: boolean
}

/** Whoever is gone has left no name. */
const nameOfTheGone = 'deleted-user'

const usernamesOf = async (query: Query, userIds: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  if (userIds.length === 0) return new Map()
  const rows = await query<{ user_id: string; username: string }>(
    {
      name: 'thin-names',
      text: `SELECT user_id, username FROM message.account WHERE user_id = ANY($1::uuid[]) AND deleted_at IS NULL`,
    },
    [[...new Set(userIds)]],
  )
  return new Map(rows.map(row => [row.user_id, row.username]))
}

/** `acked`: up to which number the mailbox was acknowledged. Of an own message its receiver says whether it was read. */
export const presentMessages = async (
  query: Query,
  messages: readonly OpenedMessage[],
  acked: number,
): Promise<readonly ReadableMessage[]> => {
  const names = await usernamesOf(
    query,
    messages.flatMap(message => [message.sender_user_id, message.peer_user_id]),
  )
  const nameOf = (userId: string) => names.get(userId) ?? nameOfTheGone
  return messages.map(message => ({
    id: message.id,
    sequence: message.sequence,
    sender_username: nameOf(message.sender_user_id),
    peer_username: nameOf(message.peer_user_id),
    content: message.content,
    message_type: message.message_type,
    timestamp: new Date(message.received_at).toISOString(),
    is_mine: message.is_mine,
    is_read: message.is_mine ? message.is_read_by_peer === true : message.sequence <= acked,
    verified: message.verified,
  }))
}
