import { equalBytes } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { readStoredVersion } from '../codec/stored-version.js'
import { Writer } from '../codec/writer.js'
import { ProtocolError } from '../errors.js'
import { isControlDue, type RatchetPolicy } from '../ratchet/policy.js'
import { bounds, wipeReplaced } from '../ratchet/session.js'
import { pruneSession } from '../ratchet/skipped.js'
import type { DeviceRecord } from '../records/device-record.js'
import { readStoredRecord } from '../records/stored-keys.js'
import {
  archivedLifeMs,
  decodeEntries,
  encodeEntries,
  entryOfSid,
  pruneEntries,
  type SessionEntry,
  sendingEntry,
} from './session-choice.js'

/** A request that this side has answered, remembered until it expires. */
export interface AnsweredRequest {
  readonly requestId: Uint8Array
  readonly expiresAt: number
}

/**
 * All that one own device keeps of one device of a peer. A value is never changed: each step gives the next one, whose
 * `generation` is higher by one. The store keeps it before anything of the step leaves or is shown.
 */
export interface PeerState {
  /** Counts the changes; a second writer on the same store is noticed by it (`checkSuccession`). 0 was never stored. */
  readonly generation: number
  /** The pinned record: its identity key, suites and flags are those that were seen first. */
  readonly record: DeviceRecord
  readonly entries: readonly SessionEntry[]
  readonly answered: readonly AnsweredRequest[]
}

const version = 1
const maxEntriesBytes = 16_777_216

/** The state of a device of which nothing is known but its record, which was accepted. */
export const newPeer = (record: DeviceRecord): PeerState => ({ generation: 0, record, entries: [], answered: [] })

/** The next state. */
export const advancePeer = (peer: PeerState, change: Partial<Omit<PeerState, 'generation'>>): PeerState => ({
  ...peer,
  ...change,
  generation: peer.generation + 1,
})

/** Whether there is a session on which can be sent. */
export const canSend = (peer: PeerState): boolean => sendingEntry(peer.entries) !== null

/** Whether an empty control envelope is advised, so that the ratchet turns (docs/protocol.md section 5). */
export const isControlAdvised = (peer: PeerState, policy: RatchetPolicy, now: number): boolean => {
  const entry = sendingEntry(peer.entries)
  return entry !== null && isControlDue(entry.session, policy, now)
}

/** The state without a session, for one whose Response the server did not take. */
export const abandonSession = (peer: PeerState, sid: Uint8Array): PeerState =>
  entryOfSid(peer.entries, sid)
    ? advancePeer(peer, { entries: peer.entries.filter(entry => !equalBytes(entry.session.sid, sid)) })
    : peer

/**
 * The state without what is too old to keep: archived sessions, skipped keys, answered requests. The same one where there is
 * nothing; to be called now and then, since a device that hears nothing drops nothing.
 */
export const tidyPeer = (peer: PeerState, now: number): PeerState => {
  const pruned = pruneEntries(peer.entries, now)
  const sessions = pruned.map(entry => pruneSession(entry.session, now))
  const answered = peer.answered.filter(request => request.expiresAt > now)
  const isSame =
    pruned === peer.entries &&
    sessions.every((session, index) => session === pruned[index]?.session) &&
    answered.length === peer.answered.length
  if (isSame) return peer
  const entries = pruned.map((entry, index) => ({ ...entry, session: sessions[index] ?? entry.session }))
  return advancePeer(peer, { entries, answered })
}

/** When `tidyPeer` first has something to drop, ms since 1970; null where it never will. */
export const peerTidyAt = ({ entries, answered }: PeerState): number | null => {
  const times = [
    ...entries.flatMap(entry => (entry.archivedAt === 0 ? [] : [entry.archivedAt + archivedLifeMs])),
    ...entries.flatMap(({ session }) => session.skipped.map(key => key.storedAt + bounds.skippedLifeMs)),
    ...answered.map(request => request.expiresAt),
  ]
  return times.length === 0 ? null : times.reduce((first, time) => Math.min(first, time))
}

/** Overwrites the secrets of `old` that `kept` does not hold. To be called once `kept` is stored; null: all of them. */
export const wipePeer = (old: PeerState, kept: PeerState | null): void => {
  for (const { session } of old.entries) {
    wipeReplaced(session, (kept && entryOfSid(kept.entries, session.sid)?.session) ?? null)
  }
}

/** A state as bytes, to be stored. They hold private keys. */
export const encodePeer = (peer: PeerState): Uint8Array => {
  const writer = new Writer().u8(version).u64(peer.generation).lp(peer.record.bytes).lp(encodeEntries(peer.entries))
  writer.u16(peer.answered.length)
  for (const request of peer.answered) writer.fixed(16, request.requestId, 'requestId').u64(request.expiresAt)
  return writer.finish()
}

const begin = (bytes: Uint8Array): Reader => {
  const reader = new Reader(bytes)
  readStoredVersion(reader, version, 'the stored state of a peer')
  return reader
}

/** The state of stored bytes. Throws `malformed` for another version or damaged bytes. */
export const decodePeer = (bytes: Uint8Array): PeerState => {
  const reader = begin(bytes)
  const generation = reader.u64('generation')
  const record = readStoredRecord(reader)
  const entries = decodeEntries(reader.lp(maxEntriesBytes, 'sessions'))
  const answered = Array.from({ length: reader.u16('answered requests') }, () => ({
    requestId: reader.bytes(16, 'reqId'),
    expiresAt: reader.u64('expiresAt'),
  }))
  reader.end()
  return { generation, record, entries, answered }
}

/**
 * What a store asks before it puts `next` in the place of `stored` (its bytes, null where nothing stands there). Throws
 * `usage` with the reason `state_conflict` where somebody else has written meanwhile: two states with one generation would
 * seal two texts at one place of a chain. Nothing may leave then; read the state anew and do the step again.
 */
export const checkSuccession = (stored: Uint8Array | null, next: PeerState): void => {
  const generation = stored ? begin(stored).u64('generation') : 0
  if (next.generation === generation + 1) return
  throw new ProtocolError('usage', 'this state was changed by another writer: read it anew', 'state_conflict')
}
