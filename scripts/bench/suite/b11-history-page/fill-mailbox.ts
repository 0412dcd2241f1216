import type { Database } from '@qsm/server-kit'

/** Entries in front of the page. */
export const depths: readonly number[] = [0, 50_000, 1_000_000]
export const pageSize = 50
/** The smallest envelope has 1 228. */
export const envelopeBytes = 1_232
/** Those between the pages that are read. */
const fillerBytes = 64
const longUntil = 60_000
const total = 1_000_100
const step = 100_000
const dayMs = 86_400_000
const partitions = 5

const patience = { statementTimeoutMs: 120_000 }

/** Partitions of a week back from today, as a server has them that runs for a month. */
const makePartitions = async (database: Database): Promise<number> => {
  const start = Math.floor(Date.now() / dayMs) * dayMs - 28 * dayMs
  await database.query('DROP TABLE message.entry_before')
  for (let index = 0; index < partitions; index += 1) {
    const name = `message.entry_from_${index}`
    const from = start + index * 7 * dayMs
    await database.query(`CREATE TABLE ${name} (LIKE message.entry INCLUDING STORAGE) WITH (toast_tuple_target = 8160)`)
    await database.query(`ALTER TABLE ${name} ADD PRIMARY KEY (user_id, device_id, sequence)`)
    await database.query(
      `ALTER TABLE message.entry ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${from + 7 * dayMs})`,
    )
  }
  return start
}

/** Puts a million entries into one mailbox, received evenly over four weeks. */
export const fillMailbox = async (
  database: Database,
  { userId, deviceId }: { readonly userId: string; readonly deviceId: number },
): Promise<void> => {
  const start = await makePartitions(database)
  for (let from = 1; from <= total; from += step) {
    await database.transaction(
      query =>
        query(
          `INSERT INTO message.entry
           SELECT $1, $2, n, gen_random_uuid(), gen_random_uuid(), 1, false, $5::bigint + n * $6::bigint,
             decode(repeat(md5(n::text), CASE WHEN n <= ${longUntil} OR n > 1000000 THEN ${Math.ceil(envelopeBytes / 16)} ELSE ${fillerBytes / 16} END), 'hex')
           FROM generate_series($3::int, $4::int) AS n`,
          [userId, deviceId, from, Math.min(from + step - 1, total), start, Math.floor((28 * dayMs) / total)],
        ),
      patience,
    )
  }
  await database.transaction(query => query('ANALYZE message.entry'), patience)
}
