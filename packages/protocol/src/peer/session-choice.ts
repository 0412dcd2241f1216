import { compareBytes, equalBytes } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { readStoredVersion } from '../codec/stored-version.js'
import { Writer } from '../codec/writer.js'
import { malformed } from '../errors.js'
import type { Session } from '../ratchet/session.js'
import { decodeSession, encodeSession } from '../ratchet/session-codec.js'
import { dayMs } from '../records/times.js'

/** A session with one device of a peer, and what decides on which of several is sent. Times are ms since 1970. */
export interface SessionEntry {
  readonly session: Session
  /** sentAt of the first envelope opened on it, in mode B createdAt of the Request; for an own beginning its time. */
  readonly begunAt: number
  /** The latest sentAt of all envelopes opened on it; 0 none. */
  readonly lastOpenedAt: number
  /** 0 in use; an archived session only receives. */
  readonly archivedAt: number
}

const maxArchived = 5
/** Crossed sessions stay in use side by side; a peer that begins more than this moves the others to the archive. */
const maxInUse = 5
export const archivedLifeMs = 30 * dayMs
const version = 1
const maxSessionBytes = 1_048_576

const byTranscript = (a: SessionEntry, b: SessionEntry): number =>
  compareBytes(a.session.transcriptHash, b.session.transcriptHash)

const archive = (entry: SessionEntry, now: number): SessionEntry =>
  entry.archivedAt === 0 ? { ...entry, archivedAt: now } : entry

/** Drops archived sessions over five or over 30 days. The same array where there is nothing to drop. */
export const pruneEntries = (entries: readonly SessionEntry[], now: number): readonly SessionEntry[] => {
  const inUse = entries.filter(entry => entry.archivedAt === 0).sort(byTranscript)
  const surplus = inUse.slice(maxInUse).map(entry => archive(entry, now))
  const archived = [...surplus, ...entries.filter(entry => entry.archivedAt > 0)]
    .filter(entry => now - entry.archivedAt < archivedLifeMs)
    .sort((a, b) => b.archivedAt - a.archivedAt)
    .slice(0, maxArchived)
  const kept = [...inUse.slice(0, maxInUse), ...archived]
  return surplus.length === 0 && kept.length === entries.length ? entries : kept
}

/** The session on which is sent: of those in use the one with the lowest TH. Null where there is none. */
export const sendingEntry = (entries: readonly SessionEntry[]): SessionEntry | null =>
  entries.filter(entry => entry.archivedAt === 0).sort(byTranscript)[0] ?? null

/**
 * Adds a session that the peer has begun, by a prekey or in mode B. Where it crossed with the one in use both stay, else the
 * old ones are archived (docs/protocol.md section 4). `begunAt`: sentAt of the first envelope opened on it, in mode B
 * createdAt of the Request.
 */
export const addSession = (
  entries: readonly SessionEntry[],
  session: Session,
  begunAt: number,
  now: number,
): readonly SessionEntry[] => {
  const inUse = sendingEntry(entries)
  const crossed = inUse === null || inUse.lastOpenedAt === 0 || begunAt < inUse.lastOpenedAt
  const others = crossed ? entries : entries.map(entry => archive(entry, now))
  return pruneEntries([...others, { session, begunAt, lastOpenedAt: 0, archivedAt: 0 }], now)
}

/** Adds a session that this side begins by a prekey: it is used from now on, the others only receive. */
export const supersedeSessions = (
  entries: readonly SessionEntry[],
  session: Session,
  now: number,
): readonly SessionEntry[] => {
  const others = entries.map(entry => archive(entry, now))
  return pruneEntries([...others, { session, begunAt: now, lastOpenedAt: 0, archivedAt: 0 }], now)
}

export const entryOfSid = (entries: readonly SessionEntry[], sid: Uint8Array): SessionEntry | null =>
  entries.find(entry => equalBytes(entry.session.sid, sid)) ?? null

/** The entries with one replaced, found by its sid. */
export const replaceEntry = (entries: readonly SessionEntry[], changed: SessionEntry): readonly SessionEntry[] =>
  entries.map(entry => (equalBytes(entry.session.sid, changed.session.sid) ? changed : entry))

/** The entries after an envelope with this `sentAt` was opened on one of them. */
export const advanceEntry = (
  entries: readonly SessionEntry[],
  session: Session,
  sentAt: number,
): readonly SessionEntry[] =>
  entries.map(entry =>
    equalBytes(entry.session.sid, session.sid)
      ? { ...entry, session, lastOpenedAt: Math.max(entry.lastOpenedAt, sentAt) }
      : entry,
  )

/** All sessions with one device as bytes, to be stored. They hold private keys. */
export const encodeEntries = (entries: readonly SessionEntry[]): Uint8Array => {
  const writer = new Writer().u8(version).u8(entries.length)
  for (const entry of entries) {
    writer.u64(entry.begunAt).u64(entry.lastOpenedAt).u64(entry.archivedAt).lp(encodeSession(entry.session))
  }
  return writer.finish()
}

/** The sessions of stored bytes. Throws `malformed` for another version or damaged bytes. */
export const decodeEntries = (bytes: Uint8Array): readonly SessionEntry[] => {
  const reader = new Reader(bytes)
  readStoredVersion(reader, version, 'the stored list of sessions')
  const count = reader.u8('sessions')
  if (count > maxInUse + maxArchived) throw malformed('there are more stored sessions than are kept')
  const entries = Array.from({ length: count }, () => ({
    begunAt: reader.u64('begunAt'),
    lastOpenedAt: reader.u64('lastOpenedAt'),
    archivedAt: reader.u64('archivedAt'),
    session: decodeSession(reader.lp(maxSessionBytes, 'session')),
  }))
  reader.end()
  return entries
}
