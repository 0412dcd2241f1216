import type { RouteContract } from '../route.js'
import * as accounts from './accounts.js'
import * as connections from './connections.js'
import * as devices from './devices.js'
import * as internal from './internal.js'
import * as main from './main.js'
import * as messages from './messages.js'
import * as quantum from './quantum.js'
import * as sessions from './sessions.js'
import * as socket from './socket.js'
import * as thinSession from './thin-session.js'
import * as users from './users.js'

/** The public routes of port 8000, in the order of the document. */
export const mainRoutes: readonly RouteContract[] = Object.freeze([
  main.getRoot,
  main.getHealth,
  main.getConfig,
  accounts.register,
  sessions.login,
  sessions.refreshToken,
  sessions.logout,
  accounts.getMe,
  accounts.changePassword,
  sessions.listSessions,
  sessions.endSession,
  accounts.deleteAccount,
  accounts.exportAccount,
  users.listAvailableUsers,
  devices.registerDevice,
  devices.listDevices,
  devices.removeDevice,
  devices.putPrekeys,
  devices.getPrekeys,
  devices.listUserDevices,
  devices.claimBundles,
  connections.requestConnection,
  connections.listPendingRequests,
  connections.respondToConnection,
  connections.listConnections,
  connections.blockUser,
  messages.sendMessage,
  messages.listMessages,
  messages.acknowledge,
  messages.deleteMessage,
  thinSession.getSessionStatus,
  thinSession.terminateSession,
  messages.getStats,
  socket.createSocketTicket,
])

/** The public routes of port 8001. */
export const quantumRoutes: readonly RouteContract[] = Object.freeze([
  quantum.getQuantumHealth,
  quantum.getQuantumInfo,
  ...Object.values(quantum.managedKeyRoutes),
])

/** Routes between services; never behind the ingress, in no public document. */
export const internalRoutes: readonly RouteContract[] = Object.freeze([internal.listAccountEvents])
