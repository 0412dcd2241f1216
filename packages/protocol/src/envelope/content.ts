import { malformed } from '../errors.js'
import { type EnvelopeType, envelopeTypes, paddingBlockBytes } from './header.js'

/** Kinds of content. Attachments are reserved. */
export const kinds = Object.freeze({ empty: 0, text: 1, controlJson: 2, attachment: 3, bodyApart: 4, ownCopy: 5 } as const)

export interface Content {
  readonly kind: number
  readonly content: Uint8Array
}

/** `u8 kind ‖ content ‖ 0x80 ‖ zeros` up to a multiple of 256 bytes. */
export const padContent = ({ kind, content }: Content): Uint8Array => {
  const padded = new Uint8Array(Math.ceil((content.length + 2) / paddingBlockBytes) * paddingBlockBytes)
  padded[0] = kind
  padded.set(content, 1)
  padded[content.length + 1] = 0x80
  return padded
}

/** The kind and content of a padded plaintext. Throws `malformed`. */
export const unpadContent = (padded: Uint8Array): Content => {
  if (padded.length === 0 || padded.length % paddingBlockBytes !== 0) throw malformed('a plaintext is padded to 256 bytes')
  let end = padded.length - 1
  while (end > 0 && padded[end] === 0) end -= 1
  if (padded[end] !== 0x80 || padded.length - end > paddingBlockBytes || end === 0) throw malformed('a plaintext is not padded')
  return { kind: padded[0] ?? 0, content: padded.slice(1, end) }
}

/** Whether a kind stands in its type of envelope: control ones carry 0 and 2, messages the others. */
export const kindFitsType = (type: EnvelopeType, kind: number): boolean => {
  const isControlKind = kind === kinds.empty || kind === kinds.controlJson
  return type === envelopeTypes.control ? isControlKind : !isControlKind
}

/** The body of an own copy (kind 5): `toUser 16 ‖ kind ‖ content`. */
export const encodeOwnCopy = (toUser: Uint8Array, inner: Content): Content => {
  const content = new Uint8Array(17 + inner.content.length)
  content.set(toUser)
  content[16] = inner.kind
  content.set(inner.content, 17)
  return { kind: kinds.ownCopy, content }
}

/** What an own copy holds. Throws `malformed`, also where copies are nested. */
export const decodeOwnCopy = (content: Uint8Array): { readonly toUser: Uint8Array; readonly inner: Content } => {
  if (content.length < 17) throw malformed('an own copy ends early')
  const kind = content[16] ?? 0
  if (kind === kinds.ownCopy) throw malformed('an own copy holds an own copy')
  return { toUser: content.slice(0, 16), inner: { kind, content: content.slice(17) } }
}
