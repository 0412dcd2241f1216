import { ascii, concat, equalBytes, wipe } from './codec/bytes.js'
import { type Content, kinds, padContent, unpadContent } from './envelope/content.js'
import { refused } from './errors.js'
import { deriveSealKey } from './kdf.js'
import type { Algorithms } from './ports.js'

const info = ascii('QSM/1 body')
const commitmentBytes = 32

/** A body sealed once for several targets, and the content by which each envelope opens it. */
export interface BodyApart {
  /** `commitment ‖ AES-GCM`, sent beside the envelopes. */
  readonly body: Uint8Array
  /** Kind 4: `key 32 ‖ SHA-256(body)`. */
  readonly content: Content
}

/** Seals a content once. `msgId` is 16 bytes; the content is of no kind 4 or 5. */
export const sealBodyApart = async (algorithms: Algorithms, msgId: Uint8Array, inner: Content): Promise<BodyApart> => {
  const { classical } = algorithms
  const key = algorithms.randomBytes(32)
  const sealKey = await deriveSealKey(classical, msgId, key, info)
  const sealed = await classical.aesGcmSeal(sealKey.key, sealKey.nonce, concat(info, msgId), padContent(inner))
  const body = concat(sealKey.commitment, sealed)
  const content = { kind: kinds.bodyApart, content: concat(key, await classical.sha256(body)) }
  wipe(key, sealKey.key, sealKey.nonce)
  return { body, content }
}

/** Opens a body by the content of an envelope. Throws `refused` where it is another body or does not open. */
export const openBodyApart = async (
  algorithms: Pick<Algorithms, 'classical'>,
  msgId: Uint8Array,
  content: Uint8Array,
  body: Uint8Array | null,
): Promise<Content> => {
  const { classical } = algorithms
  if (content.length !== 64 || !body || body.length < commitmentBytes + 16) throw refused('the body apart is missing')
  if (!equalBytes(content.slice(32), await classical.sha256(body))) throw refused('the body apart is another one')
  const sealKey = await deriveSealKey(classical, msgId, content.slice(0, 32), info)
  if (!equalBytes(sealKey.commitment, body.slice(0, commitmentBytes))) throw refused('the body apart does not open')
  const opened = await classical.aesGcmOpen(sealKey.key, sealKey.nonce, concat(info, msgId), body.slice(commitmentBytes))
  wipe(sealKey.key, sealKey.nonce)
  if (!opened) throw refused('the body apart does not open')
  const inner = unpadContent(opened)
  if (inner.kind === kinds.bodyApart || inner.kind === kinds.ownCopy) throw refused('a body apart holds no kind 4 or 5')
  return inner
}
