export { createMessageApp, type MessageApp } from './app.js'
export {
  messagePodVariables,
  messageVariables,
  readPodConfig as readMessagePodConfig,
  socketAccessOf,
} from './config.js'
export {
  createMessageContext,
  messageEntities,
  messageMigrations,
  messageSchema,
} from './context.js'
export { mainRoutes } from './main-routes.js'
export { createHttpManagedOperations } from './managed/http-managed-operations.js'
export type { QuantumAccess } from './managed/managed-devices.js'
