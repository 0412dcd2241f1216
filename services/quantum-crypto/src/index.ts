export { createQuantumApp, type QuantumAppOptions } from './app.js'
export { deviceCounters } from './devices/counters.js'
export { createManagedDevices, type ManagedDevices } from './devices/managed-devices.js'
export { createOperationRunner } from './devices/run-operations.js'
export {
  ManagedAnswerEntity,
  ManagedDeviceEntity,
  ManagedPeerEntity,
  ManagedPrekeyEntity,
  ManagedRequestEntity,
} from './entities/managed-device.js'
export {
  AnnouncedMessageEntity,
  OpenedTextEntity,
  OutboxEntity,
  QuarantinedEntryEntity,
  SeenMessageEntity,
} from './entities/managed-message.js'
export { ManagedDevices1767225600002 } from './migrations/0002-managed-devices.js'
export { runManagedOperations } from './routes/run-managed-operations.js'
