import { migrate } from '@qsm/server-kit'
import { createTestDatabase } from '../../../../tests/support/database.js'
import { createHandClock } from '../../../../tests/support/hand-clock.js'
import { quantumMigrations, quantumSchema } from '../../src/index.js'
import { openDevices, type TestDevices, testKek } from './open-devices.js'

export type { TestDevices } from './open-devices.js'

/** Managed devices on a database of their own, with a clock that stands until it is moved. */
export const startDevices = async (): Promise<TestDevices> => {
  const { url, drop } = await createTestDatabase()
  await migrate({ url, schema: quantumSchema, migrations: quantumMigrations })
  return openDevices(url, testKek(), createHandClock(), { drop })
}
