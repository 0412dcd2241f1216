export { readConfig, standaloneVariables } from './config.js'
export { configurationManual } from './config-manual.js'
export { type Standalone, startStandalone } from './start-standalone.js'
