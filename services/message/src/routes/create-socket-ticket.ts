import { createSocketTicket as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'
import { issueTicket } from '../socket/tickets.js'

export const createSocketTicket = ({ context }: MessageParts) => {
  const perUser = context.rateLimits({ name: 'ticket', points: 120, perSeconds: 60 })
  return route(contract)(async ({ caller, accessToken }) => {
    await perUser.take(caller.userId)
    const { ticket, expiresAt } = await issueTicket(context, caller, accessToken)
    return { status: 201, body: { ticket, expires_at: expiresAt.toISOString() } }
  })
}
