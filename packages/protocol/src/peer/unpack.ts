import { openBodyApart } from '../body-apart.js'
import { equalBytes } from '../codec/bytes.js'
import { type Content, decodeOwnCopy, kinds } from '../envelope/content.js'
import type { Envelope } from '../envelope/parse.js'
import type { LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'

/** What a message says, unwrapped. */
export interface Unpacked {
  /** For an own copy: the user to whom another own device has sent this (16 bytes). */
  readonly toUser: Uint8Array | null
  readonly content: Content
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Unwraps the content of an opened envelope: an own copy, then a body apart (docs/protocol.md section 8). Null for what is to
 * be ignored: no content, or an own copy that does not come from an own device. Throws `refused` where an own copy is
 * damaged, or `body` is missing, another one, or does not open.
 */
export const unpackContent = async (
  algorithms: Pick<Algorithms, 'classical'>,
  local: Pick<LocalDevice, 'user'>,
  envelope: Pick<Envelope, 'header'>,
  content: Content | null,
  body: Uint8Array | null,
): Promise<Unpacked | null> => {
  const { msgId, senderUser } = envelope.header
  if (!content) return null
  // Anybody could else put words into the user's own mouth.
  if (content.kind === kinds.ownCopy && !equalBytes(senderUser, local.user)) return null
  const copy = content.kind === kinds.ownCopy ? decodeOwnCopy(content.content) : null
  const wrapped = copy?.inner ?? content
  const inner =
    wrapped.kind === kinds.bodyApart ? await openBodyApart(algorithms, msgId, wrapped.content, body) : wrapped
  return { toUser: copy?.toUser ?? null, content: inner }
}

/** The text of a content of kind 1; null for another kind, and for bytes that are no UTF-8. */
export const textOf = (content: Content): string | null => {
  if (content.kind !== kinds.text) return null
  try {
    return decoder.decode(content.content)
  } catch {
    return null // Authentic, but no text: the sender's client is broken. To be ignored like an unknown kind.
  }
}
