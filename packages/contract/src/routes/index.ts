import { runManagedOperations } from '../managed/operations.js'
import type { RouteContract } from '../route.js'
import * as accounts from './accounts.js'
import * as connections from './connections.js'
import * as devices from './devices.js'
import * as internal from './internal.js'
import * as main from './main.js'
import * as managedKeys from './managed-keys.js'
import * as messages from './messages.js'
import * as secrets from './quantum-secrets.js'
import * as status from './quantum-status.js'
import * as sessions from './sessions.js'
import * as socket from './socket.js'
import * as thinSession from './thin-session.js'
import * as users from './users.js'
import * as signatures from './wrap-signatures.js'

/** Routes under one heading of the document. */
export interface RouteSection {
  readonly title: string
  readonly routes: readonly RouteContract[]
}

const section = (title: string, ...routes: readonly RouteContract[]): RouteSection => Object.freeze({ title, routes })

/** All public routes, in the order of the documents. */
export const routeSections: readonly RouteSection[] = Object.freeze([
  section('Service', main.getRoot, main.getHealth, main.getConfig),
  section(
    'Accounts',
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
  ),
  section(
    'Devices',
    users.listAvailableUsers,
    devices.registerDevice,
    devices.listDevices,
    devices.removeDevice,
    devices.putPrekeys,
    devices.getPrekeys,
    devices.listUserDevices,
    devices.claimBundles,
  ),
  section(
    'Connections',
    connections.requestConnection,
    connections.listPendingRequests,
    connections.respondToConnection,
    connections.listConnections,
    connections.blockUser,
  ),
  section(
    'Messages',
    messages.sendMessage,
    messages.listMessages,
    messages.acknowledge,
    messages.deleteMessage,
    thinSession.getSessionStatus,
    thinSession.terminateSession,
    messages.getStats,
  ),
  section('Socket', socket.createSocketTicket, socket.openSocket, socket.openNamedSocket),
  section('Quantum service', status.getQuantumHealth, status.getQuantumInfo),
  section(
    'Managed keys',
    managedKeys.generateManagedKeys,
    secrets.encapsulate,
    secrets.decapsulate,
    signatures.wrapSign,
    signatures.wrapVerify,
    secrets.encrypt,
    secrets.decrypt,
    managedKeys.listManagedKeys,
    managedKeys.destroyManagedKeys,
  ),
])

const publicRoutes = routeSections.flatMap(({ routes }) => routes)
const isQuantum = (route: RouteContract): boolean => route.service === 'quantum-crypto'

/** The public routes of port 8000. */
export const mainRoutes: readonly RouteContract[] = Object.freeze(publicRoutes.filter(route => !isQuantum(route)))

/** The public routes of port 8001. */
export const quantumRoutes: readonly RouteContract[] = Object.freeze(publicRoutes.filter(isQuantum))

/** Routes between services; never behind the ingress, in no public document. */
export const internalRoutes: readonly RouteContract[] = Object.freeze([
  internal.listAccountEvents,
  runManagedOperations,
])
