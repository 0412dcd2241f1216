import { decodeBase64, encodeBase64 } from '@qsm/contract'
import { QsmError, type RateLimits } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noRateLimits } from '../../../tests/support/no-rate-limits.js'
import { type Conversation, makeParty, openConversation, type Party, type SendBody } from './support/conversation.js'
import { startMessage, type TestMessage } from './support/start-message.js'

/** docs/protocol.md section 7: what is wrong with a send in two ways is refused for the earlier of the two checks. */

let message: TestMessage
let alice: Party
let bob: Party
let toAlice: Conversation
let stored: SendBody
let fresh: SendBody
let taken: SendBody
let isOverRate = false

const rateLimits: RateLimits = options => ({
  ...noRateLimits(options),
  async take() {
    if (isOverRate && options.name === 'send') throw new QsmError('rate_limited')
  },
})

beforeAll(async () => {
  message = await startMessage({ rateLimits })
  alice = await makeParty(await message.person())
  bob = await makeParty(await message.person())
  toAlice = await openConversation(message.algorithms, alice, bob)
  stored = await toAlice.seal('stored before')
  expect((await send(stored)).status).toBe(201)
  fresh = await toAlice.seal()
  taken = await toAlice.seal('under a taken id', { messageId: stored.client_message_id })
})
afterAll(() => message.close())

const send = (body: SendBody) => bob.person.call('POST', '/api/message/send', body)
const sql = (statement: string, ...values: readonly unknown[]) => message.context.database.query(statement, values)

/** One way in which a send is wrong. */
interface Fault {
  readonly name: string
  /** Status and code; behind a refused envelope its cause as the metrics count it, which the sender is not told. */
  readonly answer: string
  /** Spoils the bytes of the envelope. */
  readonly spoil?: (envelope: Uint8Array) => void
  /** Changes what the server knows, and puts it back. */
  readonly begin?: () => Promise<unknown>
  readonly end?: () => Promise<unknown>
}

const flip = (at: number) => (envelope: Uint8Array) => {
  const index = at < 0 ? envelope.length + at : at
  envelope[index] = (envelope[index] ?? 0) ^ 1
}
const setConnection = (assignment: string) =>
  sql(
    `UPDATE message.connection SET ${assignment} WHERE user_low = least($1::uuid, $2::uuid) AND user_high = greatest($1::uuid, $2::uuid)`,
    alice.person.userId,
    bob.person.userId,
  )
const setExpiry = (expiresAt: number) =>
  sql('UPDATE message.device SET expires_at = $2 WHERE user_id = $1', bob.person.userId, expiresAt)

/** In the order of the checks. */
const faults: readonly Fault[] = [
  { name: 'its id was used for another body', answer: '409 idempotency_conflict' },
  { name: 'of another version', answer: '422 envelope_refused', spoil: flip(0) },
  { name: 'of another device', answer: '403 forbidden', spoil: flip(56) },
  {
    name: 'from a device whose record has expired',
    answer: '403 device_required',
    begin: () => setExpiry(message.clock.now() - 1),
    end: () => setExpiry(0),
  },
  {
    name: 'to somebody who is blocked',
    answer: '403 blocked',
    begin: () => setConnection('blocked_by_low = true'),
    end: () => setConnection('blocked_by_low = false'),
  },
  {
    name: 'the 21st without an answer',
    answer: '403 not_answered',
    async begin() {
      await setConnection(`state = 'started', initiator = '${bob.person.userId}'`)
      await sql(
        'INSERT INTO message.started_use VALUES ($1, $2, $3, 20)',
        bob.person.userId,
        alice.person.userId,
        alice.device.deviceId,
      )
    },
    async end() {
      await setConnection(`state = 'open'`)
      await sql('DELETE FROM message.started_use')
    },
  },
  {
    name: 'not to every device',
    answer: '409 device_mismatch',
    begin: () =>
      sql(
        `INSERT INTO message.device SELECT user_id, 7, record, 0, created_at FROM message.device WHERE user_id = $1`,
        alice.person.userId,
      ),
    end: () => sql('DELETE FROM message.device WHERE device_id = 7'),
  },
  { name: 'sealed years ago', answer: '422 envelope_refused sentAt', spoil: flip(79) },
  {
    name: 'over the rate',
    answer: '429 rate_limited',
    begin: async () => {
      isOverRate = true
    },
    end: async () => {
      isOverRate = false
    },
  },
  { name: 'of another suite', answer: '422 envelope_refused form', spoil: flip(2) },
  { name: 'of another form of signature', answer: '422 envelope_refused form', spoil: flip(-730) },
  { name: 'with a point off the curve', answer: '422 envelope_refused key', spoil: flip(110) },
  {
    name: 'of a number that its session has used',
    answer: '422 envelope_refused repeat',
    spoil(envelope) {
      const before = decodeBase64(stored.envelopes[0] ?? '')
      for (const [from, to] of [
        [5, 21],
        [85, 93],
      ] as const) {
        envelope.set(before.subarray(from, to), from)
      }
    },
  },
  { name: 'with a signature that does not hold', answer: '422 envelope_refused signature', spoil: flip(-1) },
]

const causes = async (): Promise<ReadonlyMap<string, number>> => {
  const { body } = await message.context.metrics.text()
  const lines = body.matchAll(/^qsm_message_envelopes_refused_total\{cause="(\w+)"\} (\d+)$/gm)
  return new Map([...lines].map(([, cause, count]) => [cause ?? '', Number(count)]))
}

/** How a send that is wrong in these ways is answered. */
const answerTo = async (...both: readonly Fault[]): Promise<string> => {
  const body = both.some(fault => fault === faults[0]) ? taken : fresh
  const envelope = decodeBase64(body.envelopes[0] ?? '')
  for (const fault of both) fault.spoil?.(envelope)
  for (const fault of both) await fault.begin?.()
  try {
    const before = await causes()
    const { status, body: answer } = await send({ ...body, envelopes: [encodeBase64(envelope)] })
    const changed = [...(await causes())].filter(([cause, count]) => count !== (before.get(cause) ?? 0))
    const told = answer.error.message.includes('sentAt') ? ['sentAt'] : []
    return [status, answer.error.code, ...changed.map(([cause]) => cause), ...told].join(' ')
  } finally {
    for (const fault of both) await fault.end?.()
  }
}

describe('a send that is', () => {
  test.each(faults.map((fault, index) => [fault.name, fault, faults.slice(index)] as const))(
    '%s is refused for that, whatever else is wrong that is looked at later',
    async (_, fault, later) => {
      for (const other of later) {
        expect([other.name, await answerTo(...new Set([fault, other]))]).toEqual([other.name, fault.answer])
      }
    },
  )

  test('right in every way is stored after all that', async () => {
    expect((await send(fresh)).status).toBe(201)
    const [row] = await message.context.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM message.entry',
    )
    expect(row?.count).toBe(2)
  })
})
