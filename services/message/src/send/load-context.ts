import type { Database } from '@qsm/server-kit'
import { type Connection, type ConnectionRow, orderedPair, seenBy } from '../connections/pair.js'
import { createBatcher } from './batcher.js'
import type { StoredParcel } from './send-job.js'

export interface EarlierSend {
  readonly hash: Buffer
  readonly answer: readonly StoredParcel[]
}

type StoredAnswer = readonly [userId: string, deviceId: number, sequence: number][]

const presentAnswer = (answer: StoredAnswer): readonly StoredParcel[] =>
  answer.map(([user_id, device_id, sequence]) => ({ user_id, device_id, sequence }))

interface SendKey {
  readonly userId: string
  readonly deviceId: number
  readonly messageId: string
}

/** What the checks of a send need from the database; sends of one turn share a statement. */
export interface SendContextLoader {
  earlier(key: SendKey): Promise<EarlierSend | null>
  /** Ids of the active devices of a user. */
  activeDevices(userId: string): Promise<readonly number[]>
  connection(pair: { readonly userId: string; readonly peerId: string }): Promise<Connection | null>
}

const batches = { maxItems: 500, maxInFlight: 3 }

export const createSendContextLoader = (database: Database): SendContextLoader => ({
  earlier: createBatcher<SendKey, EarlierSend | null>({
    ...batches,
    async run(keys) {
      const rows = await database.query<{ ix: string; body_sha256: Buffer; answer: StoredAnswer }>(
        {
          name: 'send-earlier',
          text: `SELECT k.ix, s.body_sha256, s.answer
            FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) WITH ORDINALITY AS k(u, d, m, ix)
            JOIN message.sent s ON s.sender_user = k.u AND s.sender_device = k.d AND s.message_id = k.m`,
        },
        [keys.map(key => key.userId), keys.map(key => key.deviceId), keys.map(key => key.messageId)],
      )
      const found = new Map(
        rows.map(row => [Number(row.ix), { hash: row.body_sha256, answer: presentAnswer(row.answer) }]),
      )
      return keys.map((_, index) => found.get(index + 1) ?? null)
    },
  }),
  activeDevices: createBatcher<string, readonly number[]>({
    ...batches,
    async run(users) {
      const rows = await database.query<{ user_id: string; device_id: string }>(
        {
          name: 'send-devices',
          text: 'SELECT user_id, device_id FROM message.device WHERE user_id = ANY($1::uuid[]) AND removed_at IS NULL',
        },
        [[...new Set(users)]],
      )
      const found = new Map<string, number[]>()
      for (const row of rows) found.set(row.user_id, [...(found.get(row.user_id) ?? []), Number(row.device_id)])
      return users.map(user => found.get(user) ?? [])
    },
  }),
  connection: createBatcher<{ readonly userId: string; readonly peerId: string }, Connection | null>({
    ...batches,
    async run(pairs) {
      const ordered = pairs.map(pair => orderedPair(pair.userId, pair.peerId))
      const rows = await database.query<ConnectionRow>(
        {
          name: 'send-connections',
          text: `SELECT c.* FROM message.connection c
            JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS u(low, high)) p ON c.user_low = p.low AND c.user_high = p.high`,
        },
        [ordered.map(([low]) => low), ordered.map(([, high]) => high)],
      )
      const found = new Map(rows.map(row => [`${row.user_low}/${row.user_high}`, row]))
      return pairs.map((pair, index) => {
        const row = found.get((ordered[index] ?? []).join('/'))
        return row ? seenBy(row, pair.userId) : null
      })
    },
  }),
})
