export { readConfig, type StandaloneConfig, standaloneVariables } from './config.js'
export { configurationManual } from './config-manual.js'
export { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres/start.js'
export { type Standalone, startStandalone } from './start-standalone.js'
