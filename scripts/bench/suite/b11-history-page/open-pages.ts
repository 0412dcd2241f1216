import { messageEntities, messageMigrations, messageSchema } from '@qsm/message'
import { createLog, createMetrics, type Database, migrate, openDatabase } from '@qsm/server-kit'
import { createPages, type Page, type PageRequest } from '../../../../services/message/src/mailbox/pages.js'

export interface OpenPages {
  readonly database: Database
  page(request: PageRequest): Promise<Page>
  close(): Promise<void>
}

/** The pages of the message service, as its routes read them, on a schema of its own. */
export const openPages = async (url: string): Promise<OpenPages> => {
  await migrate({ url, schema: messageSchema, migrations: messageMigrations })
  const database = await openDatabase({
    url,
    schema: messageSchema,
    entities: messageEntities,
    migrations: messageMigrations,
    poolMax: 1,
    log: createLog({ service: 'bench', level: 'silent' }),
    metrics: createMetrics(),
  })
  const { requestedPage } = createPages(database)
  const { signal } = new AbortController()
  return { database, page: request => requestedPage(request, signal), close: () => database.close() }
}
