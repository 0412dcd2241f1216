// A bare Koa that stores the same row: by TypeORM's save, or by a micro-batched insert. One JSON body a message. As the ceiling,
// rows that it was given before in one body, 100 in a COPY, each several times under other ids.
import { randomBytes, randomUUID } from 'node:crypto'
import Koa from 'koa'
import pg from 'pg'
import { DataSource, EntitySchema } from 'typeorm'
import { type CopiedRow, copyRows } from './copy-rows.js'

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

const rowsPerCopy = 100
const copyConnections = 4

const byCopy = async (): Promise<(rows: CopiedRow[]) => Promise<void>> => {
  const clients = Array.from({ length: copyConnections }, () => new pg.Client({ connectionString: url }))
  await Promise.all(clients.map(client => client.connect()))
  return async rows => {
    const copyOn = async (client: pg.Client) => {
      while (rows.length > 0) await copyRows(client, rows.splice(0, rowsPerCopy))
    }
    await Promise.all(clients.map(copyOn))
  }
}

const times = Number(process.env.BENCH_TIMES)

const readRows = (packed: Buffer): CopiedRow[] => {
  const rows: CopiedRow[] = []
  const receivedAt = Date.now()
  for (let at = 0; at < packed.length; ) {
    const end = at + 20 + packed.readUInt32BE(at + 16)
    const sender = packed.subarray(at, at + 16)
    for (let time = 0; time < times; time += 1) {
      const id = time === 0 ? sender : randomBytes(16)
      rows.push({ id, sender, receivedAt, envelope: packed.subarray(at + 20, end) })
    }
    at = end
  }
  return rows
}

const store = kind === 'save' ? await bySave() : await byBatch()
const copy = kind === 'copy' ? await byCopy() : null
const sender = randomUUID()
let rows: CopiedRow[] = []
const app = new Koa()
app.use(async context => {
  const parts: Buffer[] = []
  for await (const part of context.req) parts.push(part as Buffer)
  const sent = Buffer.concat(parts)
  if (copy) {
    if (context.path === '/rows') rows = readRows(sent)
    else await copy(rows)
    context.status = 204
    return
  }
  const body = JSON.parse(sent.toString('utf8')) as { client_message_id: string; envelopes: string[] }
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
