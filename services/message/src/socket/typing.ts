import type { ClientFrame, HintOf } from '@qsm/contract'
import { type Caller, QsmError } from '@qsm/server-kit'
import type { Accounts } from '../accounts/accounts.js'
import { findConnection } from '../connections/find.js'
import type { MessageContext } from '../context.js'
import type { OpenSockets } from './open-sockets.js'
import type { ShowFrame } from './show-frame.js'

type TypingFrame = Extract<ClientFrame, { readonly type: 'typing' }>

/** Tells a user that another one is typing; stored nowhere, and lost where no socket of that user is open. */
export interface Typing {
  /** Throws `not_found`, `not_connected` or `rate_limited`. */
  tell(caller: Pick<Caller, 'userId'>, frame: TypingFrame): Promise<void>
  stop(): void
}

const field = 'recipient'

/** Between users whose connection is open, over the bus to whichever pod holds the sockets. */
export const createTyping = (
  context: MessageContext,
  {
    accounts,
    open,
    showFrame,
  }: { readonly accounts: Accounts; readonly open: OpenSockets; readonly showFrame: ShowFrame },
): Typing => {
  const { bus, database, log } = context
  const perUser = context.rateLimits({ name: 'typing', points: 300, perSeconds: 60, perPod: true })

  const isOpenBetween = async (userId: string, peerId: string): Promise<boolean> => {
    const connection = await findConnection(database.query, userId, peerId)
    return connection?.state === 'open' && !connection.blockedByMe && !connection.blockedByPeer
  }
  const push = async ({ user_id: userId, peer_id: peerId, active }: HintOf<'typing'>): Promise<void> => {
    if (!open.isOnline(userId)) return
    // A hint may be forged: it reaches nobody whom its sender could not write to.
    const sender = (await isOpenBetween(userId, peerId)) ? await accounts.byId(peerId) : null
    if (!sender) return
    showFrame(open.ofUser(userId), { type: 'typing', sender: sender.username, active })
  }
  const unsubscribe = bus.subscribe('typing', hint => {
    push(hint).catch(error => log.warn({ err: error }, 'a typing frame was not pushed'))
  })

  return {
    async tell({ userId }, { recipient, active }) {
      await perUser.take(userId)
      const peer = await accounts.byName(recipient)
      if (!peer || peer.userId === userId) {
        throw new QsmError('not_found', 'There is no other user of this name.', { details: { field } })
      }
      if (!(await isOpenBetween(userId, peer.userId))) {
        throw new QsmError('not_connected', undefined, { details: { field } })
      }
      bus.publish({ kind: 'typing', user_id: peer.userId, peer_id: userId, active })
    },
    stop: unsubscribe,
  }
}
