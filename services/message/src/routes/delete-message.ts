import { deleteMessage as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { deleteMessage as remove } from '../mailbox/delete-message.js'
import type { MessageParts } from '../parts.js'

export const deleteMessage = ({ context }: MessageParts) =>
  route(contract)(async ({ caller, params }) => {
    if (!(await remove(context.database, caller.userId, params.message_id))) throw new QsmError('not_found')
    return { status: 204 }
  })
