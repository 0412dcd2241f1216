export { createQuantumApp, type QuantumApp } from './app.js'
export { kekVariables } from './config/kek-variables.js'
export { perMinuteOf, quantumPodVariables, quantumVariables, readPodConfig as readQuantumPodConfig } from './config.js'
export {
  createQuantumContext,
  quantumEntities,
  quantumMigrations,
  quantumSchema,
} from './context.js'
export { type KekConfig, kekProblems, openKek } from './kek/open-kek.js'
export { rotateKek } from './kek/rotate-kek.js'
