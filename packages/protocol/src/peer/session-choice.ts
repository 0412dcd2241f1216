import { compareBytes } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed } from '../errors.js'
import type { Session } from '../ratchet/session.js'
import { decodeSession, encodeSession } from '../ratchet/session-codec.js'

/** A session with one device of a peer, and what decides on which of several is sent. Times are ms since 1970. */
export interface SessionEntry {
  readonly session: Session
  /** sentAt of the first envelope opened on it, in mode B createdAt of the Request; 0 where nothing came yet. */
  readonly begunAt: number
  /** sentAt of the last envelope opened on it; 0 none. */
  readonly lastOpenedAt: number
  /** 0 in use; an archived session only receives. */
  readonly archivedAt: number
}

const maxArchived = 5
const archivedLifeMs = 30 * 86_400_000
const version = 1
const maxSessionBytes = 1_048_576

const crossed = (old: SessionEntry, begunAt: number): boolean => old.lastOpenedAt === 0 || begunAt < old.lastOpenedAt

const prune = (entries: readonly SessionEntry[], now: number): readonly SessionEntry[] => {
  const archived = entries
    .filter(entry => entry.archivedAt > 0 && now - entry.archivedAt < archivedLifeMs)
    .sort((a, b) => b.archivedAt - a.archivedAt)
    .slice(0, maxArchived)
  return [...entries.filter(entry => entry.archivedAt === 0), ...archived]
}

/**
 * Adds a session that has just begun. Where others are in use they crossed, and both stay, or they are archived
 * (docs/protocol.md section 4). `begunAt` is the peer's time of the beginning.
 */
export const addSession = (
  entries: readonly SessionEntry[],
  session: Session,
  begunAt: number,
  now: number,
): readonly SessionEntry[] => {
  const others = entries.map(entry =>
    entry.archivedAt === 0 && !crossed(entry, begunAt) ? { ...entry, archivedAt: now } : entry,
  )
  return prune([...others, { session, begunAt, lastOpenedAt: 0, archivedAt: 0 }], now)
}

/** The session on which is sent: of those in use the one with the lowest TH. Null where there is none. */
export const sendingEntry = (entries: readonly SessionEntry[]): SessionEntry | null =>
  entries
    .filter(entry => entry.archivedAt === 0)
    .sort((a, b) => compareBytes(a.session.transcriptHash, b.session.transcriptHash))[0] ?? null

export const entryOfSid = (entries: readonly SessionEntry[], sid: Uint8Array): SessionEntry | null =>
  entries.find(entry => compareBytes(entry.session.sid, sid) === 0) ?? null

/** The entries with one replaced, found by its sid. */
export const replaceEntry = (entries: readonly SessionEntry[], changed: SessionEntry): readonly SessionEntry[] =>
  entries.map(entry => (compareBytes(entry.session.sid, changed.session.sid) === 0 ? changed : entry))

/** All sessions with one device as bytes, to be stored. They hold private keys. */
export const encodeEntries = (entries: readonly SessionEntry[]): Uint8Array => {
  const writer = new Writer().u8(version).u8(entries.length)
  for (const entry of entries) {
    writer.u64(entry.begunAt).u64(entry.lastOpenedAt).u64(entry.archivedAt).lp(encodeSession(entry.session))
  }
  return writer.finish()
}

/** The sessions of stored bytes. Throws `malformed`. */
export const decodeEntries = (bytes: Uint8Array): readonly SessionEntry[] => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== version) throw malformed('stored sessions of an unknown version')
  const entries = Array.from({ length: reader.u8('sessions') }, () => ({
    begunAt: reader.u64('begunAt'),
    lastOpenedAt: reader.u64('lastOpenedAt'),
    archivedAt: reader.u64('archivedAt'),
    session: decodeSession(reader.lp(maxSessionBytes, 'session')),
  }))
  reader.end()
  return entries
}
