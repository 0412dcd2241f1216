import type { StandaloneConfig } from './config.js'
import { readDatabaseAddress } from './database-address.js'
import type { StartOptions } from './parts/runtime.js'
import { type QuantumProcess, startQuantum } from './start-quantum.js'

const lookEveryMs = 1_000

/**
 * Runs the quantum service as a process of its own, and starts it anew on the same ports when the main application has
 * come back with its database at another address (its port was taken while it was away).
 */
export const startQuantumOnItsDatabase = async (
  config: StandaloneConfig,
  options: StartOptions & { readonly signal: AbortSignal },
): Promise<QuantumProcess> => {
  let running = await startQuantum(config, options)
  const { quantumPort, adminPort, log } = running
  if (config.DATABASE_URL) return running

  let moving: Promise<void> | null = null
  const move = async () => {
    log.warn('the database has another address now; the quantum service starts anew')
    await running.stop()
    const samePorts = { ...config, QUANTUM_PORT: quantumPort, QUANTUM_ADMIN_PORT: adminPort }
    running = await startQuantum(samePorts, options)
    moving = null
  }
  const timer = setInterval(() => {
    const address = readDatabaseAddress(config.QSM_DATA_DIR)
    if (address !== null && address !== running.databaseUrl.reveal()) moving ??= move()
  }, lookEveryMs)
  return {
    ...running,
    async stop() {
      clearInterval(timer)
      await moving?.catch(() => {}) // Its start was ended by this stop.
      await running.stop()
    },
  }
}
