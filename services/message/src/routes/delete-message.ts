import { deleteMessage as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import { deleteMessage as remove } from '../mailbox/delete-message.js'
import type { MessageParts } from '../parts.js'

export const deleteMessage = ({ context, thin }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'delete-message', points: 1_200, perSeconds: 60 })
  return route(contract)(async ({ caller, accessToken, params }) => {
    await perUser.take(caller.userId)
    // What a managed device has opened goes first: while it cannot, the message is not said to be deleted.
    const wasOpened = await thin.forget({ ...caller, accessToken }, params.message_id)
    const wasWaiting = await remove(context.database, caller.userId, params.message_id)
    if (!wasOpened && !wasWaiting) throw new QsmError('not_found')
    return { status: 204 }
  })
}
