import type { Clock, Database } from '@qsm/server-kit'
import { type Connection, type ConnectionRow, orderedPair, seenBy } from '../connections/pair.js'
import type { DeviceAddress } from '../devices/devices.js'
import { createBatcher } from './batcher.js'
import type { Parcel, SendRequest, StoredParcel, StoredSend } from './send-job.js'

export interface EarlierSend extends StoredSend {
  readonly hash: Buffer
}

export interface StartedConnection extends Connection {
  /** How many envelopes its initiator has stored, by device of the other side. */
  readonly used: ReadonlyMap<number, number>
}

/** What the database says about a send whose addresses were read. */
export interface SendFacts {
  /** The connection with each recipient but the sender, null for none. */
  readonly connections: ReadonlyMap<string, StartedConnection | null>
  /** Ids of the active devices of the sender and of each recipient. */
  readonly devices: ReadonlyMap<string, readonly number[]>
  /** Whether an envelope of the same number in the same session was stored before. */
  readonly isRepeat: boolean
}

/** What the checks of a send need from the database; sends of one turn share the statements. */
export interface SendLoader {
  earlier(key: DeviceAddress & { readonly messageId: string }): Promise<EarlierSend | null>
  activeDevices(userIds: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>>
  facts(request: SendRequest, parcels: readonly Parcel[]): Promise<SendFacts>
}

type StoredAnswer = readonly [userId: string, deviceId: number, sequence: number][]
type SendKey = DeviceAddress & { readonly messageId: string }
interface Pair {
  readonly userId: string
  readonly peerId: string
}
interface Numbered extends DeviceAddress {
  readonly sid: Uint8Array
  readonly seq: number
}

const presentAnswer = (answer: StoredAnswer): readonly StoredParcel[] =>
  answer.map(([user_id, device_id, sequence]) => ({ user_id, device_id, sequence }))

const batches = { maxItems: 500, maxInFlight: 3 }

const loadEarlier = (database: Database) =>
  createBatcher<SendKey, EarlierSend | null>({
    ...batches,
    async run(keys) {
      const rows = await database.query<{ ix: string; body_sha256: Buffer; answer: StoredAnswer; received_at: string }>(
        {
          name: 'send-earlier',
          text: `SELECT k.ix, s.body_sha256, s.answer, s.received_at
            FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) WITH ORDINALITY AS k(u, d, m, ix)
            JOIN message.sent s ON s.sender_user = k.u AND s.sender_device = k.d AND s.message_id = k.m`,
        },
        [keys.map(key => key.userId), keys.map(key => key.deviceId), keys.map(key => key.messageId)],
      )
      const found = new Map(
        rows.map(row => [
          Number(row.ix),
          { hash: row.body_sha256, devices: presentAnswer(row.answer), receivedAt: Number(row.received_at) },
        ]),
      )
      return keys.map((_, index) => found.get(index + 1) ?? null)
    },
  })

const loadDevices = (database: Database, clock: Clock) =>
  createBatcher<string, readonly number[]>({
    ...batches,
    async run(users) {
      const rows = await database.query<{ user_id: string; device_id: string }>(
        {
          name: 'send-devices',
          text: `SELECT user_id, device_id FROM message.device
            WHERE user_id = ANY($1::uuid[]) AND removed_at IS NULL AND (expires_at = 0 OR expires_at > $2)`,
        },
        [[...new Set(users)], clock.now()],
      )
      const found = new Map<string, number[]>()
      for (const row of rows) found.set(row.user_id, [...(found.get(row.user_id) ?? []), Number(row.device_id)])
      return users.map(user => found.get(user) ?? [])
    },
  })

type FoundConnection = ConnectionRow & { readonly used: Readonly<Record<string, number>> | null }

const loadConnections = (database: Database) =>
  createBatcher<Pair, StartedConnection | null>({
    ...batches,
    async run(pairs) {
      const ordered = pairs.map(pair => orderedPair(pair.userId, pair.peerId))
      const rows = await database.query<FoundConnection>(
        {
          name: 'send-connections',
          text: `SELECT c.*, CASE WHEN c.state = 'started' THEN (
              SELECT jsonb_object_agg(u.to_device, u.envelopes) FROM message.started_use u
              WHERE u.from_user = c.initiator
                AND u.to_user = CASE WHEN c.initiator = c.user_low THEN c.user_high ELSE c.user_low END) END AS used
            FROM message.connection c
            JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS u(low, high)) p
              ON c.user_low = p.low AND c.user_high = p.high`,
        },
        [ordered.map(([low]) => low), ordered.map(([, high]) => high)],
      )
      const found = new Map(rows.map(row => [`${row.user_low}/${row.user_high}`, row]))
      return pairs.map((pair, index) => {
        const row = found.get((ordered[index] ?? []).join('/'))
        if (!row) return null
        const used = Object.entries(row.used ?? {}).map(([deviceId, count]) => [Number(deviceId), count] as const)
        return { ...seenBy(row, pair.userId), used: new Map(used) }
      })
    },
  })

const loadSeen = (database: Database) =>
  createBatcher<Numbered, boolean>({
    ...batches,
    async run(items) {
      const rows = await database.query<{ ix: string }>(
        {
          name: 'send-seen',
          text: `SELECT k.ix FROM unnest($1::bytea[], $2::uuid[], $3::bigint[], $4::bigint[])
              WITH ORDINALITY AS k(sid, u, d, seq, ix)
            JOIN message.seen s ON s.sid = k.sid AND s.sender_user = k.u AND s.sender_device = k.d AND s.seq = k.seq`,
        },
        [
          items.map(({ sid }) => Buffer.from(sid)),
          items.map(({ userId }) => userId),
          items.map(({ deviceId }) => deviceId),
          items.map(({ seq }) => seq),
        ],
      )
      const found = new Set(rows.map(row => Number(row.ix)))
      return items.map((_, index) => found.has(index + 1))
    },
  })

const entriesOf = async <K, V>(keys: readonly K[], load: (key: K) => Promise<V>): Promise<ReadonlyMap<K, V>> =>
  new Map(await Promise.all(keys.map(async key => [key, await load(key)] as const)))

export const createSendLoader = (database: Database, clock: Clock): SendLoader => {
  const devices = loadDevices(database, clock)
  const connection = loadConnections(database)
  const isSeen = loadSeen(database)
  return {
    earlier: loadEarlier(database),
    activeDevices: userIds => entriesOf(userIds, devices),
    async facts({ sender }, parcels) {
      const { userId } = sender
      const users = [...new Set([userId, ...parcels.map(parcel => parcel.userId)])]
      const peers = users.filter(peerId => peerId !== userId)
      const [connections, active, seen] = await Promise.all([
        entriesOf(peers, peerId => connection({ userId, peerId })),
        entriesOf(users, devices),
        Promise.all(parcels.map(({ address: { sid, seq } }) => isSeen({ ...sender, sid, seq }))),
      ])
      return { connections, devices: active, isRepeat: seen.includes(true) }
    },
  }
}
