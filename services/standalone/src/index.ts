export { readConfig, type StandaloneConfig, standaloneVariables } from './config.js'
export { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres/start.js'
export { type Standalone, type StandaloneOptions, startStandalone } from './start-standalone.js'
