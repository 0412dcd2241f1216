import {
  type Algorithms,
  decodeDeviceRecord,
  decodeLocalDevice,
  encodeLocalDevice,
  type ProtocolReason,
} from '../../src/index.js'
import { Person } from './person.js'

/** What a device had stored, by the keys of `Person`. All bytes of a fixture are base64. */
interface StoredPerson {
  readonly local: string
  readonly record: string
  readonly store: Readonly<Record<string, string>>
}

/** What was under way when the states were stored, and what must become of it. */
export type Step = { readonly from: string; readonly to: string } & (
  | { readonly envelope: string; readonly body: string | null; readonly opens: Opening | null }
  | { readonly envelope: string; readonly refused: ProtocolReason }
  | { readonly bundle: string }
  | { readonly request: string }
  | { readonly request: string; readonly refused: ProtocolReason }
  | { readonly response: string }
)

/** Content after unwrapping; null where it is authentic and to be ignored. */
export interface Opening {
  readonly kind: number
  readonly content: string
  readonly toUser: string | null
}

/** One moment between people: their stores, what is under way, and who talks on afterwards, in this order. */
export interface Fixture {
  readonly about: string
  readonly now: number
  readonly people: Readonly<Record<string, StoredPerson>>
  readonly steps: readonly Step[]
  readonly talk: readonly (readonly [string, string])[]
}

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

export const storedPerson = (person: Person): StoredPerson => ({
  local: toBase64(encodeLocalDevice(person.local)),
  record: toBase64(person.record.bytes),
  store: Object.fromEntries([...person.store].sort().map(([key, bytes]) => [key, toBase64(bytes)])),
})

export const personOf = (algorithms: Algorithms, stored: StoredPerson): Person => {
  const person = Person.of(
    algorithms,
    decodeLocalDevice(fromBase64(stored.local)),
    decodeDeviceRecord(fromBase64(stored.record)),
  )
  person.store = new Map(Object.entries(stored.store).map(([key, text]) => [key, fromBase64(text)]))
  return person
}
