import type { HintOf } from '@qsm/contract'
import type { Accounts } from '../accounts/accounts.js'
import type { MessageContext } from '../context.js'
import type { OpenSockets } from './open-sockets.js'
import type { ShowFrame } from './show-frame.js'

/**
 * Shows receipts to the sockets of a user's thin clients on this pod; which pod has opened them does not count. Returns the
 * function that ends it. A forged one claims no more than its peer could: that a message was read.
 */
export const pushReceipts = (
  { bus, log }: Pick<MessageContext, 'bus' | 'log'>,
  {
    accounts,
    open,
    showFrame,
  }: { readonly accounts: Accounts; readonly open: OpenSockets; readonly showFrame: ShowFrame },
): (() => void) => {
  const push = async (hint: HintOf<'receipt'>): Promise<void> => {
    const sockets = open.thinOfUser(hint.user_id)
    const sender = sockets.length > 0 ? await accounts.byId(hint.peer_id) : null
    if (!sender) return
    for (const message_id of hint.message_ids) {
      showFrame(sockets, { type: 'receipt', message_id, sender: sender.username, kind: hint.receipt })
    }
  }
  return bus.subscribe('receipt', hint => {
    push(hint).catch(error => log.warn({ err: error }, 'a receipt was not pushed'))
  })
}
