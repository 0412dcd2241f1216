import { config, type PublicConfig } from './get-config.js'
import { type HealthOptions, health } from './get-health.js'
import { root } from './get-root.js'

/** What the main port answers for the whole: what this is, how it is, what a client needs to know. */
export const mainRoutes = (options: HealthOptions & PublicConfig) => [
  root(options.version),
  health(options),
  config(options),
]
