import type { Socket } from 'node:net'
import type pg from 'pg'

/** A row of the table as COPY takes it. */
export interface CopiedRow {
  readonly id: Buffer
  readonly sender: Buffer
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly envelope: Buffer
}

const signature = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
const trailer = Buffer.from([0xff, 0xff])
const copyDone = Buffer.from([0x63, 0, 0, 0, 4])
/** Microseconds since 2000, as PostgreSQL counts. */
const epochMs = Date.UTC(2000, 0, 1)

const writeRow = (into: Buffer, offset: number, row: CopiedRow): number => {
  let at = into.writeInt16BE(4, offset)
  for (const id of [row.id, row.sender]) at = into.writeInt32BE(16, at) + id.copy(into, at + 4)
  at = into.writeBigInt64BE(BigInt(row.receivedAt - epochMs) * 1_000n, into.writeInt32BE(8, at))
  at = into.writeInt32BE(row.envelope.length, at)
  return at + row.envelope.copy(into, at)
}

/** One CopyData message with all of a COPY in binary format, and CopyDone (PostgreSQL, "COPY", "Message Formats"). */
const encodeCopy = (rows: readonly CopiedRow[]): Buffer => {
  const size = rows.reduce((sum, { envelope }) => sum + 2 + 20 + 20 + 12 + 4 + envelope.length, 0)
  const bytes = Buffer.allocUnsafe(5 + signature.length + size + trailer.length + copyDone.length)
  bytes[0] = 0x64
  bytes.writeInt32BE(4 + signature.length + size + trailer.length, 1)
  let at = 5 + signature.copy(bytes, 5)
  for (const row of rows) at = writeRow(bytes, at, row)
  at += trailer.copy(bytes, at)
  copyDone.copy(bytes, at)
  return bytes
}

type Connection = { readonly stream: Socket; query(text: string): void }

/** Copies rows on a connection of the driver, as one of its queries. Rejects with the error of PostgreSQL. */
export const copyRows = (client: pg.Client, rows: readonly CopiedRow[]): Promise<void> =>
  new Promise((resolve, reject) => {
    let failed: Error | null = null
    client.query({
      submit: (connection: Connection) =>
        connection.query('COPY bench_row (id, sender, received_at, envelope) FROM STDIN BINARY'),
      handleCopyInResponse: (connection: Connection) => connection.stream.write(encodeCopy(rows)),
      handleCommandComplete() {},
      handleReadyForQuery: () => (failed ? reject(failed) : resolve()),
      handleError(error: Error) {
        failed = error
        reject(error)
      },
    } as unknown as pg.Submittable)
  })
