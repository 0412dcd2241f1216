import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { decodeSendFrame } from '@qsm/contract'
import pg from 'pg'
import type { PreparedSend } from '../../people.js'
import { startProgram, stopProgram } from '../../processes.js'
import { postAll } from './closed-loop.js'
import type { StartSystems, System } from './system.js'

const kinds = { save: 'TypeORM save', batch: 'micro-batched insert', copy: 'binary COPY' } as const
const copyTimes = 5
const program = fileURLToPath(new URL('row-server.ts', import.meta.url))

const makeTable = async (client: pg.Client): Promise<void> => {
  await client.connect()
  await client.query(
    'CREATE TABLE bench_row (id uuid PRIMARY KEY, sender uuid NOT NULL, received_at timestamptz NOT NULL, envelope bytea NOT NULL)',
  )
}

const post = (url: string, body: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', headers: { 'content-length': body.length } }, response => {
      response.resume()
      response.once('end', () =>
        response.statusCode === 204 ? resolve() : reject(new Error(`${response.statusCode}`)),
      )
    })
    sending.once('error', reject)
    sending.end(body)
  })

/** All rows in one body: the id, a u32 length and the envelope of each. */
const packRows = (sends: readonly PreparedSend[]): Buffer =>
  Buffer.concat(
    sends.flatMap(({ frame }) => {
      const { clientMessageId, envelopes } = decodeSendFrame(frame)
      const envelope = envelopes[0] ?? new Uint8Array(0)
      const head = Buffer.alloc(20)
      head.set(clientMessageId)
      head.writeUInt32BE(envelope.length, 16)
      return [head, envelope]
    }),
  )

/** Programs that only store the rows: nothing is checked or delivered, and there is one index. */
export const startRows: StartSystems = async ({ makeDatabase, callers }, later) => {
  const systems: System[] = []
  for (const [kind, name] of Object.entries(kinds)) {
    const database = await makeDatabase(kind)
    const client = new pg.Client({ connectionString: database })
    client.on('error', () => {}) // PostgreSQL was stopped first; a query says so.
    await makeTable(client)
    later(() => client.end())
    const args = ['--conditions=qsm-source', '--import', 'tsx', program]
    const environment = { BENCH_DATABASE_URL: database, BENCH_KIND: kind, BENCH_TIMES: String(copyTimes) }
    const { child, said } = await startProgram(args, environment, /listening on \d+/)
    later(() => stopProgram(child))
    const url = `http://127.0.0.1:${/listening on (\d+)/.exec(said)?.[1]}`
    const tokens = Array.from({ length: callers }, () => 'none')
    systems.push({
      name,
      pids: [child.pid ?? 0],
      takes: 'second',
      // COPY is the ceiling: its process has the rows already, as bytes.
      ...(kind === 'copy' ? { times: copyTimes, prepare: sends => post(`${url}/rows`, packRows(sends)) } : {}),
      send: sends => (kind === 'copy' ? post(`${url}/copy`, Buffer.alloc(0)) : postAll(url, tokens, sends)),
      async stored() {
        const { rows } = await client.query('SELECT count(*)::int AS count FROM bench_row')
        return rows[0]?.count as number
      },
    })
  }
  return { systems, notRun: [] }
}
