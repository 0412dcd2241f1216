// A bare Koa that stores the same row: by TypeORM's save, or by a micro-batched insert. One JSON body a message.
import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import pg from 'pg'
import { DataSource, EntitySchema } from 'typeorm'

interface Row {
  id: string
  sender: string
  receivedAt: Date
  envelope: Buffer
}

const RowEntity = new EntitySchema<Row>({
  name: 'BenchRow',
  tableName: 'bench_row',
  columns: {
    id: { type: 'uuid', primary: true },
    sender: { type: 'uuid' },
    receivedAt: { name: 'received_at', type: 'timestamptz' },
    envelope: { type: 'bytea' },
  },
})

const url = process.env.BENCH_DATABASE_URL ?? ''
const kind = process.env.BENCH_KIND

const bySave = async (): Promise<(row: Row) => Promise<void>> => {
  const source = await new DataSource({
    type: 'postgres',
    url,
    entities: [RowEntity],
    poolSize: 10,
    installExtensions: false,
  }).initialize()
  const repository = source.getRepository(RowEntity)
  return async row => {
    await repository.save(row)
  }
}

const byBatch = async (): Promise<(row: Row) => Promise<void>> => {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  let waiting: { row: Row; resolve: () => void; reject: (error: unknown) => void }[] = []
  let inFlight = 0
  const flush = async () => {
    if (inFlight >= 3 || waiting.length === 0) return
    const batch = waiting
    waiting = []
    inFlight += 1
    try {
      await pool.query({
        name: 'bench',
        text: 'INSERT INTO bench_row (id, sender, received_at, envelope) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bytea[])',
        values: [
          batch.map(b => b.row.id),
          batch.map(b => b.row.sender),
          batch.map(b => b.row.receivedAt),
          batch.map(b => b.row.envelope),
        ],
      })
      for (const { resolve } of batch) resolve()
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      inFlight -= 1
      if (waiting.length > 0) setImmediate(() => void flush())
    }
  }
  return row =>
    new Promise((resolve, reject) => {
      waiting.push({ row, resolve, reject })
      if (waiting.length === 1) setImmediate(() => void flush())
    })
}

const store = kind === 'save' ? await bySave() : await byBatch()
const sender = randomUUID()
const app = new Koa()
app.use(async context => {
  const parts: Buffer[] = []
  for await (const part of context.req) parts.push(part as Buffer)
  const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as { client_message_id: string; envelopes: string[] }
  await store({
    id: body.client_message_id,
    sender,
    receivedAt: new Date(),
    envelope: Buffer.from(body.envelopes[0] ?? '', 'base64'),
  })
  context.status = 201
  context.body = { message_id: body.client_message_id }
})
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on ${typeof address === 'object' && address ? address.port : 0}`)
})
process.once('SIGTERM', () => process.exit(0))
