import { type RouteGroup, scheduleJobs } from '@qsm/server-kit'
import { type Accounts, startAccounts } from './accounts/accounts.js'
import { createClaimLimits } from './bundles/claim-limits.js'
import { type MessageContext, messageSchema } from './context.js'
import { createDevices, type Devices } from './devices/devices.js'
import { messageJobs } from './jobs/jobs.js'
import { watchPartitions } from './jobs/watch-partitions.js'
import { Arrivals } from './mailbox/arrivals.js'
import { createMailboxes } from './mailbox/mailbox.js'
import type { MessageParts } from './parts.js'
import { acknowledge } from './routes/acknowledge.js'
import { blockUser } from './routes/block-user.js'
import { claimBundles } from './routes/claim-bundles.js'
import { createSocketTicket } from './routes/create-socket-ticket.js'
import { deleteMessage } from './routes/delete-message.js'
import { getPrekeys } from './routes/get-prekeys.js'
import { getSessionStatus } from './routes/get-session-status.js'
import { getStats } from './routes/get-stats.js'
import { listAvailableUsers } from './routes/list-available-users.js'
import { listConnections } from './routes/list-connections.js'
import { listDevices } from './routes/list-devices.js'
import { listMessages } from './routes/list-messages.js'
import { listPendingRequests } from './routes/list-pending-requests.js'
import { listUserDevices } from './routes/list-user-devices.js'
import { putPrekeys } from './routes/put-prekeys.js'
import { registerDevice } from './routes/register-device.js'
import { removeDevice } from './routes/remove-device.js'
import { requestConnection } from './routes/request-connection.js'
import { respondToConnection } from './routes/respond-to-connection.js'
import { sendMessage } from './routes/send-message.js'
import { terminateSession } from './routes/terminate-session.js'
import { createSend } from './send/send.js'
import { createSocketService, type SocketService } from './socket/sockets.js'
import { createThin } from './thin/thin.js'

export interface MessageApp {
  readonly group: RouteGroup
  readonly accounts: Accounts
  readonly devices: Devices
  readonly sockets: SocketService
  /** Ends background work and closes the database. Sockets are drained before. */
  close(): Promise<void>
}

const routesOf = (parts: MessageParts) => [
  listAvailableUsers(parts),
  registerDevice(parts),
  listDevices(parts),
  removeDevice(parts),
  putPrekeys(parts),
  getPrekeys(parts),
  listUserDevices(parts),
  claimBundles(parts),
  requestConnection(parts),
  listPendingRequests(parts),
  respondToConnection(parts),
  listConnections(parts),
  blockUser(parts),
  sendMessage(parts),
  listMessages(parts),
  acknowledge(parts),
  deleteMessage(parts),
  getSessionStatus(parts),
  terminateSession(parts),
  getStats(parts),
  createSocketTicket(parts),
]

/** The message service over its context: its routes and its sockets. Where it fails, the database is closed. */
export const createMessageApp = async (context: MessageContext): Promise<MessageApp> => {
  const { metrics, tokens } = context
  const accounts = await startAccounts({ ...context, tokenLifeMs: tokens.lifeSeconds * 1000 }).catch(async error => {
    context.databaseClock.stop()
    await context.database.close()
    throw error
  })
  const devices = createDevices(context)
  const mailboxes = createMailboxes(context.database)
  const claimLimits = createClaimLimits(context.rateLimits)
  const arrivals = new Arrivals()
  const send = createSend(
    context,
    { devices, arrivals },
    {
      sends: metrics.counter({ name: 'qsm_message_sends_total', help: 'Sends that were stored.' }),
      refused: metrics.counter({
        name: 'qsm_message_envelopes_refused_total',
        help: 'Sends whose envelopes were refused, by cause.',
        labelNames: ['cause'],
      }),
      flushSize: metrics.histogram({
        name: 'qsm_message_flush_sends',
        help: 'Sends that were stored by one statement.',
        buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      }),
    },
  )
  const thin = createThin({ context, accounts, devices, mailboxes, claimLimits, send })
  const sockets = createSocketService(context, {
    accounts,
    devices,
    mailboxes,
    arrivals,
    send,
    thin,
  })
  metrics.gauge({ name: 'qsm_ws_connections', help: 'Open sockets.', collect: () => sockets.count })
  const jobs = messageJobs({ ...context, partitions: watchPartitions(context) })
  const stopJobs = scheduleJobs({ ...context, schema: messageSchema }, jobs)
  const parts: MessageParts = { context, accounts, devices, mailboxes, claimLimits, send, thin, sockets }
  return {
    accounts,
    devices,
    sockets,
    group: {
      routes: routesOf(parts),
      authenticate(token) {
        const caller = tokens.verifyAccess(token)
        accounts.check(caller)
        return caller
      },
      authenticateService(token) {
        tokens.verifyService(token)
      },
    },
    async close() {
      await accounts.stop()
      devices.stop()
      await sockets.stop()
      context.managed.close()
      await thin.stop()
      await stopJobs()
      context.databaseClock.stop()
      await context.database.close()
    },
  }
}
