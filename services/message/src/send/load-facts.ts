import { bigints, byteas, type Clock, createBatcher, type Database, uuids } from '@qsm/server-kit'
import { type Connection, orderedPair, seenBy } from '../connections/pair.js'
import type { DeviceAddress } from '../devices/devices.js'
import { type FactsRow, factsStatement } from './facts-statement.js'
import type { Parcel, SendRequest, StoredSend } from './send-job.js'

export interface EarlierSend extends StoredSend {
  readonly hash: Buffer
}

export interface StartedConnection extends Connection {
  /** How many envelopes its initiator has stored, by device of the other side. */
  readonly used: ReadonlyMap<number, number>
}

/** What the database says about a send. */
export interface SendFacts {
  /** What was stored before under the same id of the same device. */
  readonly earlier: EarlierSend | null
  /** The connection with each recipient but the sender, null for none. */
  readonly connections: ReadonlyMap<string, StartedConnection | null>
  /** Ids of the active devices of the sender and of each recipient. */
  readonly devices: ReadonlyMap<string, readonly number[]>
  /** Whether an envelope of the same number in the same session was stored before. */
  readonly isRepeat: boolean
}

/** What the checks of a send need from the database; sends of one turn share the statement. */
export type LoadFacts = (
  request: Pick<SendRequest, 'sender' | 'messageId'>,
  parcels: readonly Parcel[],
) => Promise<SendFacts>

interface Question {
  readonly sender: DeviceAddress
  readonly messageId: string
  readonly parcels: readonly Parcel[]
}

/** Different texts with the place of each, counted from 1 as the statement counts. */
class Places {
  readonly #places = new Map<string, number>()

  /** The place of a text, which it gets when it first comes. */
  of(text: string): number {
    const place = this.#places.get(text) ?? this.#places.size + 1
    this.#places.set(text, place)
    return place
  }

  get texts(): readonly string[] {
    return [...this.#places.keys()]
  }
}

const usersOf = ({ sender, parcels }: Question): readonly string[] => [
  ...new Set([sender.userId, ...parcels.map(parcel => parcel.userId)]),
]
const peersOf = (question: Question) => usersOf(question).filter(userId => userId !== question.sender.userId)
const pairKey = (one: string, other: string) => orderedPair(one, other).join('/')

const earlierOf = ([, hash, answer, receivedAt]: NonNullable<FactsRow['earlier']>[number]): EarlierSend => ({
  hash: Buffer.from(hash, 'hex'),
  devices: answer.map(([user_id, device_id, sequence]) => ({ user_id, device_id, sequence })),
  receivedAt,
})

const byPlace = <T extends readonly [number, ...unknown[]]>(found: readonly T[] | null): ReadonlyMap<number, T> =>
  new Map((found ?? []).map(entry => [entry[0], entry]))

const ask = async (database: Database, questions: readonly Question[], now: number): Promise<readonly SendFacts[]> => {
  const pairs = new Places()
  const users = new Places()
  for (const question of questions) {
    for (const userId of usersOf(question)) users.of(userId)
    for (const peerId of peersOf(question)) pairs.of(pairKey(question.sender.userId, peerId))
  }
  const envelopes = questions.flatMap(({ sender, parcels }) => parcels.map(({ address }) => ({ sender, address })))
  const lowAndHigh = pairs.texts.map(pair => pair.split('/'))
  const [row] = await database.query<FactsRow>({ name: 'send-facts', text: factsStatement }, [
    uuids(questions.map(({ sender }) => sender.userId)),
    bigints(questions.map(({ sender }) => sender.deviceId)),
    uuids(questions.map(({ messageId }) => messageId)),
    uuids(lowAndHigh.map(([low = '']) => low)),
    uuids(lowAndHigh.map(([, high = '']) => high)),
    uuids(users.texts),
    byteas(envelopes.map(({ address }) => address.sid)),
    uuids(envelopes.map(({ sender }) => sender.userId)),
    bigints(envelopes.map(({ sender }) => sender.deviceId)),
    bigints(envelopes.map(({ address }) => address.seq)),
    now,
  ])
  const earlier = byPlace(row?.earlier ?? null)
  const connections = byPlace(row?.connections ?? null)
  const seen = new Set(row?.seen)
  const devices = new Map<number, number[]>()
  for (const [place, deviceId] of row?.devices ?? []) devices.set(place, [...(devices.get(place) ?? []), deviceId])

  const connectionOf = (userId: string, peerId: string): StartedConnection | null => {
    const [, connection, used] = connections.get(pairs.of(pairKey(userId, peerId))) ?? []
    return connection ? { ...seenBy(connection, userId), used: new Map(used) } : null
  }
  let envelope = 0
  return questions.map((question, index) => {
    const known = earlier.get(index + 1)
    const first = envelope + 1
    envelope += question.parcels.length
    return {
      earlier: known ? earlierOf(known) : null,
      connections: new Map(peersOf(question).map(peerId => [peerId, connectionOf(question.sender.userId, peerId)])),
      devices: new Map(usersOf(question).map(userId => [userId, devices.get(users.of(userId)) ?? []])),
      isRepeat: question.parcels.some((_, place) => seen.has(first + place)),
    }
  })
}

export const createLoadFacts = (database: Database, clock: Clock): LoadFacts => {
  const load = createBatcher<Question, SendFacts>({
    maxItems: 128,
    maxInFlight: 1,
    // Back to back they would take a whole core long before it is needed, most of it for what a statement costs however few it asks.
    everyMs: 3,
    loneAtOnce: true,
    run: questions => ask(database, questions, clock.now()),
  })
  return ({ sender, messageId }, parcels) => load({ sender, messageId, parcels })
}
