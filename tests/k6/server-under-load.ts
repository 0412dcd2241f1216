import { findK6 } from '../../scripts/k6/find-k6.js'
import { createTestDatabase } from '../support/database.js'
import { startTestServer, type TestServer } from '../support/server.js'

/** Whether k6 is here. What needs it says by name that it was not run. */
export const hasK6 = findK6() !== null

/** A server with the limits that it has by default. */
export const startServerUnderLoad = async (): Promise<TestServer> => {
  const database = await createTestDatabase()
  const server = await startTestServer({
    DATABASE_URL: database.url,
    JWT_SECRET: 'a secret of the server that gets load',
  })
  return {
    ...server,
    async stop() {
      const code = await server.stop()
      await database.drop()
      return code
    },
  }
}
