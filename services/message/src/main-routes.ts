import { getConfig, type PublicConfig } from './routes/get-config.js'
import { getHealth, type HealthOptions } from './routes/get-health.js'
import { getRoot } from './routes/get-root.js'

/** What the main port answers for the whole: what this is, how it is, what a client needs to know. */
export const mainRoutes = (options: HealthOptions & PublicConfig) => [
  getRoot(options.version),
  getHealth(options),
  getConfig(options),
]
