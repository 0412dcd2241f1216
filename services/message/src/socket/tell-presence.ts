import type { HintOf } from '@qsm/contract'
import type { Accounts } from '../accounts/accounts.js'
import { createContacts } from '../connections/contacts.js'
import { findConnection } from '../connections/find.js'
import type { MessageContext } from '../context.js'
import type { OpenSockets } from './open-sockets.js'
import type { ShowFrame } from './show-frame.js'

/** Who is back within this time was not gone: a page that is loaded anew is no news. */
const graceMs = 2_000

export interface TellPresence {
  /** A socket of this user was opened or closed on this pod. */
  changed(userId: string): void
  stop(): Promise<void>
}

/**
 * Tells contacts that a user has come online or gone, over the bus to whichever pods hold their sockets. A hint says only:
 * look.
 */
export const tellPresence = (
  context: Pick<MessageContext, 'bus' | 'clock' | 'database' | 'log' | 'presence'>,
  {
    accounts,
    open,
    showFrame,
  }: { readonly accounts: Accounts; readonly open: OpenSockets; readonly showFrame: ShowFrame },
): TellPresence => {
  const { bus, clock, database, log, presence } = context
  const contactsOf = createContacts(database)
  /** Users whom this pod has entered. */
  const entered = new Set<string>()
  const timers = new Map<string, NodeJS.Timeout>()
  let work: Promise<unknown> = Promise.resolve()

  const tellContacts = async (userId: string): Promise<void> => {
    // Those who share a statement share its failure: once more.
    const peerIds = await contactsOf(userId).catch(() => contactsOf(userId))
    for (const peerId of peerIds) {
      bus.publish({ kind: 'presence', user_id: peerId, peer_id: userId })
    }
  }
  const come = async (userId: string): Promise<void> => {
    entered.add(userId)
    if (!(await presence.enter(userId))) await tellContacts(userId)
  }
  const go = async (userId: string): Promise<void> => {
    if (open.isOnline(userId) || !entered.delete(userId)) return
    await presence.leave(userId)
    if (!(await presence.online([userId])).has(userId)) await tellContacts(userId)
  }
  const run = (done: Promise<void>): Promise<void> => {
    const finished = done.catch(error => log.warn({ err: error }, 'presence was not told'))
    work = Promise.all([work, finished])
    return finished
  }
  const endChanged = presence.onChanged(async userIds => {
    await Promise.all(userIds.map(userId => run(tellContacts(userId))))
  })
  const show = async ({ user_id: userId, peer_id: peerId }: HintOf<'presence'>): Promise<void> => {
    const sockets = open.ofUser(userId)
    if (sockets.length === 0) return
    const connection = await findConnection(database.query, userId, peerId)
    if (connection?.state !== 'open' || connection.blockedByMe || connection.blockedByPeer) return
    const peer = await accounts.byId(peerId)
    if (!peer) return
    const status = (await presence.online([peerId])).has(peerId) ? 'online' : 'offline'
    const at = new Date(clock.now()).toISOString()
    showFrame(sockets, { type: 'presence', username: peer.username, status, at })
  }
  const unsubscribe = bus.subscribe('presence', hint => {
    show(hint).catch(error => log.warn({ err: error }, 'a presence frame was not pushed'))
  })

  return {
    changed(userId) {
      if (open.isOnline(userId)) {
        if (!entered.has(userId)) void run(come(userId))
        return
      }
      if (timers.has(userId)) return
      const timer = setTimeout(() => {
        timers.delete(userId)
        void run(go(userId))
      }, graceMs)
      timers.set(userId, timer.unref())
    },
    async stop() {
      endChanged()
      unsubscribe()
      for (const timer of timers.values()) clearTimeout(timer)
      // Users do not leave: most are about to come back on another pod. Of the others that one tells, once presence is closed.
      await work
    },
  }
}
