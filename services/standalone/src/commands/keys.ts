import { openKek, quantumEntities, quantumMigrations, quantumSchema, rotateKek } from '@qsm/quantum-crypto'
import { createLog, openDatabase, poolerOf } from '@qsm/server-kit'
import { readRotationConfig } from '../config.js'
import { startDatabase } from '../database.js'

const inVault = (currentId: string): string => (currentId.startsWith('vault:') ? ', and older versions from Vault' : '')

/** `keys rotate-kek` wraps all data keys under the key in Vault, or else the first one of QSM_KEK; it may be ended and started again. */
export const rotateKeys = async (): Promise<number> => {
  const config = readRotationConfig()
  const running = await startDatabase(config)
  const { kek, close } = await openKek(config)
  try {
    const database = await openDatabase({
      url: running.url.reveal(),
      schema: quantumSchema,
      entities: quantumEntities,
      migrations: quantumMigrations,
      poolMax: 2,
      pooler: poolerOf(config),
      log: createLog({ service: 'keys', level: config.LOG_LEVEL }),
    })
    try {
      const begun = performance.now()
      const seconds = () => ((performance.now() - begun) / 1_000).toFixed(1)
      const tables = await rotateKek({
        database,
        kek,
        onProgress: ({ table, total, rewrapped, failed }) =>
          console.log(`${seconds()} s  ${table}: ${rewrapped} of ${total} wrapped anew, ${failed} do not open`),
      })
      const failed = tables.reduce((sum, table) => sum + table.failed, 0)
      if (failed === 0)
        console.log(
          `All data keys are under "${kek.currentId}". Older keys may go from QSM_KEK${inVault(kek.currentId)}.`,
        )
      else console.error(`${failed} data keys do not open: keep the keys of QSM_KEK, add those that are missing.`)
      return failed === 0 ? 0 : 1
    } finally {
      await database.close()
    }
  } finally {
    close()
    await running.stop()
  }
}
