import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { createLog } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeyFinder } from '../src/keys/find-keys.js'
import { type Person, startQuantum, type TestQuantum } from './support/start-quantum.js'

let quantum: TestQuantum
let people: readonly [Person, Person]

beforeAll(async () => {
  quantum = await startQuantum()
  people = [await quantum.person(), await quantum.person()]
})

afterAll(() => quantum.close())

const query = <R = unknown>(text: string, values: unknown[] = []) => quantum.context.database.query<R>(text, values)
const kinds = ['ECDSA-P256-SHA256', 'Falcon-512', 'ML-KEM-768'] as const

/** What the owner asks of a key, past the checks of the contract: here a 500 is what is wanted. */
const use = async (person: Person, kind: (typeof kinds)[number]): Promise<{ status: number; text: string }> => {
  const [path, body] =
    kind === 'ML-KEM-768'
      ? ['decapsulate', { ciphertext: Buffer.alloc(1088).toString('base64'), session_id: 's' }]
      : ['wrap_sign', { message: 'hello', signature_type: kind === 'Falcon-512' ? 'falcon_only' : 'ecdsa_only' }]
  const response = await fetch(`${quantum.url}/api/quantum/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${person.token}` },
    body: JSON.stringify({ user_id: person.userId, ...body }),
  })
  return { status: response.status, text: await response.text() }
}
const failures = (reason: string) => quantum.metric('qsm_crypto_at_rest_failures_total', { reason })

/** Holds a use of a tampered key to what is promised: nothing is done, it is counted, the answer tells nothing. */
const expectRefused = async (person: Person, kind: (typeof kinds)[number], reason: string): Promise<void> => {
  const before = await failures(reason)
  const answer = await use(person, kind)
  expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([500, 'internal'])
  expect(Object.keys(JSON.parse(answer.text).error).sort()).toEqual(['code', 'message', 'request_id', 'retryable'])
  expect(await failures(reason)).toBe(before + 1)
}

const keysOf = async (person: Person) => {
  await person.call('POST', '/api/quantum/keygen', { user_id: person.userId })
  for (const kind of kinds) expect((await use(person, kind)).status).toBe(200)
}

describe('a stored key that was changed', () => {
  it.each(kinds)('of %s is not used: two rows that were swapped', async kind => {
    const [alice, bob] = people
    for (const person of people) await keysOf(person)
    const columns = 'kek_id, wrapped_key, public_key, sealed'
    await query(
      `UPDATE crypto.managed_key t SET (${columns}) = (SELECT ${columns} FROM crypto.managed_key o
         WHERE o.algorithm = t.algorithm AND o.user_id = CASE t.user_id WHEN $1::uuid THEN $2::uuid ELSE $1::uuid END)
       WHERE t.algorithm = $3 AND t.user_id IN ($1, $2)`,
      [alice.userId, bob.userId, kind],
    )
    for (const person of people) await expectRefused(person, kind, 'unwrap_failed')
  })

  it.each(kinds)("of %s is not used: another user's whole row under the own id", async kind => {
    const [alice, bob] = people
    for (const person of people) await keysOf(person)
    await query('DELETE FROM crypto.managed_key WHERE user_id = $1 AND algorithm = $2', [bob.userId, kind])
    await query('UPDATE crypto.managed_key SET user_id = $1 WHERE user_id = $2 AND algorithm = $3', [
      bob.userId,
      alice.userId,
      kind,
    ])
    await query(
      `UPDATE crypto.managed_key_version v SET version = k.version FROM crypto.managed_key k
       WHERE v.user_id = $1 AND k.user_id = $1 AND v.algorithm = $2 AND k.algorithm = $2`,
      [bob.userId, kind],
    )
    await expectRefused(bob, kind, 'unwrap_failed')
  })

  it.each(kinds)('of %s is not used: an older version of the row', async kind => {
    const [alice] = people
    await keysOf(alice)
    await query('CREATE TABLE crypto.kept AS SELECT * FROM crypto.managed_key WHERE user_id = $1 AND algorithm = $2', [
      alice.userId,
      kind,
    ])
    await keysOf(alice)
    await query('DELETE FROM crypto.managed_key WHERE user_id = $1 AND algorithm = $2', [alice.userId, kind])
    await query('INSERT INTO crypto.managed_key SELECT * FROM crypto.kept')
    await query('DROP TABLE crypto.kept')
    await expectRefused(alice, kind, 'old_version')
  })

  it.each([
    ['key_id', 'gen_random_uuid()', 'unwrap_failed'],
    ['version', 'version + 1', 'old_version'],
    ['kek_id', "'k0'", 'unknown_kek'],
    ['wrapped_key', 'set_byte(wrapped_key, 40, get_byte(wrapped_key, 40) # 1)', 'unwrap_failed'],
    ['wrapped_key', "''", 'malformed'],
    ['public_key', 'set_byte(public_key, 8, get_byte(public_key, 8) # 1)', 'open_failed'],
    ['sealed', 'set_byte(sealed, 40, get_byte(sealed, 40) # 1)', 'open_failed'],
    ['sealed', 'substring(sealed FROM 1 FOR 60)', 'open_failed'],
  ])('is not used: %s set to %s', async (column, value, reason) => {
    const [alice] = people
    await keysOf(alice)
    await query(`UPDATE crypto.managed_key SET ${column} = ${value} WHERE user_id = $1`, [alice.userId])
    for (const kind of kinds) await expectRefused(alice, kind, reason)
  })

  it('is not used: the row of another algorithm', async () => {
    const [alice] = people
    await keysOf(alice)
    await query(`DELETE FROM crypto.managed_key WHERE user_id = $1 AND algorithm = 'ML-KEM-768'`, [alice.userId])
    await query(
      `UPDATE crypto.managed_key SET algorithm = 'ML-KEM-768' WHERE user_id = $1 AND algorithm = 'Falcon-512'`,
      [alice.userId],
    )
    await expectRefused(alice, 'ML-KEM-768', 'unwrap_failed')
  })
})

describe('keys that are asked for together', () => {
  it('take one statement, are those of the user who asks, and one that was changed fails its own user alone', async () => {
    const [alice, bob] = people
    for (const person of people) await keysOf(person)
    const stored = await query<{ user_id: string; algorithm: string; key_id: string }>(
      'SELECT user_id, algorithm, key_id FROM crypto.managed_key',
    )
    const idOf = ({ userId }: Person, kind: (typeof kinds)[number]) =>
      stored.find(row => row.user_id === userId && row.algorithm === kind)?.key_id
    await query(`UPDATE crypto.managed_key SET version = version + 1 WHERE user_id = $1 AND algorithm = 'Falcon-512'`, [
      bob.userId,
    ])
    let statements = 0
    const find = createKeyFinder((statement, values) => {
      statements += 1
      return quantum.context.database.query(statement, values)
    })
    const ask = async ({ userId }: Pick<Person, 'userId'>, ...algorithms: readonly string[]) => {
      const found = await find({ userId, algorithms }).catch((error: { reason?: string }) => error.reason)
      return found instanceof Map ? [...found.values()].map(({ keyId }) => keyId).sort() : found
    }
    const ids = (person: Person, ...asked: readonly (typeof kinds)[number][]) =>
      asked.map(kind => idOf(person, kind)).sort()
    const stranger = { userId: '01a21d67-4bc5-7572-9bcb-013e5a6e4af3' }
    expect(
      await Promise.all([
        ask(alice, 'Falcon-512', 'ECDSA-P256-SHA256'),
        ask(bob, 'Falcon-512', 'ML-KEM-768'),
        ask(alice, 'Falcon-512'),
        ask(bob, 'ML-KEM-768'),
        ask(alice, 'none of ours'),
        ask(stranger, 'Falcon-512'),
      ]),
    ).toEqual([
      ids(alice, 'Falcon-512', 'ECDSA-P256-SHA256'),
      'old_version',
      ids(alice, 'Falcon-512'),
      ids(bob, 'ML-KEM-768'),
      [],
      null,
    ])
    expect(statements).toBe(1)
  })
})

it('the log tells which key does not open, and no byte of it', async () => {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const listening = await startQuantum({ log: createLog({ service: 'test', level: 'debug', destination: stream }) })
  try {
    const alice = await listening.person()
    await alice.call('POST', '/api/quantum/keygen', { user_id: alice.userId, key_type: 'ecdsa' })
    const [row] = await listening.context.database.query<{ key_id: string; sealed: Buffer; wrapped_key: Buffer }>(
      'UPDATE crypto.managed_key SET sealed = $1 RETURNING key_id, sealed, wrapped_key',
      [randomBytes(90)],
    )
    await fetch(`${listening.url}/api/quantum/wrap_sign`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${alice.token}` },
      body: JSON.stringify({ user_id: alice.userId, message: 'hello', signature_type: 'ecdsa_only' }),
    })
    const log = lines.join('')
    expect(log).toContain(row?.key_id)
    for (const bytes of [row?.sealed, row?.wrapped_key]) {
      for (const form of ['hex', 'base64'] as const)
        expect(log).not.toContain(bytes?.subarray(0, 12).toString(form).slice(0, 15))
    }
  } finally {
    await listening.close()
  }
})
