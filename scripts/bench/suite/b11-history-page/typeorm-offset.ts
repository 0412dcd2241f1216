import type { Database } from '@qsm/server-kit'
import { DataSource, EntitySchema } from 'typeorm'
import { pageSize } from './fill-mailbox.js'
import type { ReadRow } from './measure-pages.js'

interface HistoryRow {
  readonly userId: string
  readonly deviceId: string
  readonly sequence: string
  readonly receivedAt: string
  readonly envelope: Buffer
}

const HistoryEntity = new EntitySchema<HistoryRow>({
  name: 'History',
  schema: 'bench',
  tableName: 'history',
  columns: {
    userId: { name: 'user_id', type: 'uuid', primary: true },
    deviceId: { name: 'device_id', type: 'bigint', primary: true },
    sequence: { type: 'bigint', primary: true },
    receivedAt: { name: 'received_at', type: 'bigint' },
    envelope: { type: 'bytea' },
  },
})

/** The first 60 000 entries in a plain table, read as an ORM's guide reads pages: `find` with `skip` and `take`. */
export const openTypeorm = async (
  database: Database,
  url: string,
  { userId, deviceId }: { readonly userId: string; readonly deviceId: number },
) => {
  await database.query('CREATE SCHEMA bench')
  await database.transaction(
    async query => {
      await query(`CREATE TABLE bench.history AS
        SELECT user_id, device_id, sequence, received_at, envelope FROM message.entry WHERE sequence <= 60000`)
      await query('ALTER TABLE bench.history ADD PRIMARY KEY (user_id, device_id, sequence)')
      await query('ANALYZE bench.history')
    },
    { statementTimeoutMs: 120_000 },
  )
  const source = await new DataSource({ type: 'postgres', url, entities: [HistoryEntity], poolSize: 1 }).initialize()
  const repository = source.getRepository(HistoryEntity)
  return {
    database: {
      query: async <Row>(statement: string): Promise<Row[]> => source.query(statement),
    },
    async read(depth: number): Promise<readonly ReadRow[]> {
      const rows = await repository.find({
        where: { userId, deviceId: String(deviceId) },
        order: { sequence: 'ASC' },
        skip: depth,
        take: pageSize,
      })
      return rows.map(({ sequence, envelope }) => ({ sequence: Number(sequence), bytes: envelope.length }))
    },
    close: () => source.destroy(),
  }
}
