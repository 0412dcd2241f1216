import { malformed, refused, usage } from '../errors.js'
import { deviceRecordMaxBytes } from '../records/device-record.js'
import { signatureBytes } from '../signature.js'
import {
  type EnvelopeType,
  envelopeTypes,
  headerBytes,
  maxEnvelopeBytes,
  paddingBlockBytes,
  tagBytes,
} from './header.js'

/** Kinds of content. `attachment` is reserved. */
export const kinds = Object.freeze({
  empty: 0,
  text: 1,
  controlJson: 2,
  attachment: 3,
  bodyApart: 4,
  ownCopy: 5,
} as const)

/** What an envelope carries: one of `kinds`, and its bytes. */
export interface Content {
  readonly kind: number
  readonly content: Uint8Array
}

/** kind before, 0x80 behind the content. */
const paddingOverheadBytes = 2
const endMark = 0x80

/** A prekey block with the longest device record: longer than ek and ct blocks together. */
const maxBlockBytes = 4 + 1 + 1088 + 4 + 1184 + 4 + deviceRecordMaxBytes

/** The longest content that fits into any envelope; what is longer goes apart (section 8). */
export const maxContentBytes =
  Math.floor((maxEnvelopeBytes - headerBytes - maxBlockBytes - tagBytes - signatureBytes) / paddingBlockBytes) *
    paddingBlockBytes -
  paddingOverheadBytes

/** `u8 kind ‖ content ‖ 0x80 ‖ zeros` up to a multiple of 256 bytes. */
export const padContent = ({ kind, content }: Content): Uint8Array => {
  const blocks = Math.ceil((content.length + paddingOverheadBytes) / paddingBlockBytes)
  const padded = new Uint8Array(blocks * paddingBlockBytes)
  padded[0] = kind
  padded.set(content, 1)
  padded[content.length + 1] = endMark
  return padded
}

/** The kind and content of a padded plaintext. Throws `malformed`. */
export const unpadContent = (padded: Uint8Array): Content => {
  if (padded.length === 0 || padded.length % paddingBlockBytes !== 0)
    throw malformed('a plaintext is padded to 256 bytes')
  let end = padded.length - 1
  while (end > 0 && padded[end] === 0) end -= 1
  if (padded[end] !== endMark || padded.length - end > paddingBlockBytes || end === 0)
    throw malformed('a plaintext is not padded')
  return { kind: padded[0] as number, content: padded.slice(1, end) }
}

/** Whether a kind stands in its type of envelope: control ones carry 0 and 2, messages the others. */
const kindFitsType = (type: EnvelopeType, kind: number): boolean => {
  const isControlKind = kind === kinds.empty || kind === kinds.controlJson
  return type === envelopeTypes.control ? isControlKind : !isControlKind
}

/** Whether a content is one of the known kinds, in its type of envelope; kind 0 has no content. */
export const isKnownContent = (type: EnvelopeType, { kind, content }: Content): boolean =>
  kind <= kinds.ownCopy && kindFitsType(type, kind) && (kind !== kinds.empty || content.length === 0)

/** The body of an own copy (kind 5): `toUser 16 ‖ kind ‖ content`. */
export const encodeOwnCopy = (toUser: Uint8Array, inner: Content): Content => {
  if (toUser.length !== 16) throw usage('toUser must be 16 bytes')
  const content = new Uint8Array(17 + inner.content.length)
  content.set(toUser)
  content[16] = inner.kind
  content.set(inner.content, 17)
  return { kind: kinds.ownCopy, content }
}

/** What an own copy holds. Throws `refused`, also where copies are nested. */
export const decodeOwnCopy = (content: Uint8Array): { readonly toUser: Uint8Array; readonly inner: Content } => {
  if (content.length < 17) throw refused('content', 'an own copy ends early')
  const kind = content[16] as number
  if (kind === kinds.ownCopy) throw refused('content', 'an own copy holds an own copy')
  return { toUser: content.slice(0, 16), inner: { kind, content: content.slice(17) } }
}
