import { ascii, concat, equalBytes } from './codec/bytes.js'
import { withScratch } from './codec/scratch.js'
import { type Content, kinds, padContent, unpadContent } from './envelope/content.js'
import { tagBytes } from './envelope/header.js'
import { ProtocolError, refused, usage } from './errors.js'
import { deriveSealKey } from './kdf.js'
import type { Algorithms } from './ports.js'

const info = ascii('QSM/1 body')
const commitmentBytes = 32
const keyBytes = 32

/** A body sealed once for several targets, and the content by which each envelope opens it. */
export interface BodyApart {
  /** `commitment ‖ AES-GCM`, sent beside the envelopes. */
  readonly body: Uint8Array
  /** Kind 4: `key 32 ‖ SHA-256(body)`. */
  readonly content: Content
}

/** Kinds that a body apart does not hold: it would be no end of unpacking, or name another receiver. */
const isNestedKind = (kind: number): boolean => kind === kinds.bodyApart || kind === kinds.ownCopy

/** Seals a content once (docs/protocol.md section 8). `msgId` is 16 bytes; the content is of no kind 4 or 5. */
export const sealBodyApart = (
  algorithms: Pick<Algorithms, 'classical' | 'randomBytes'>,
  msgId: Uint8Array,
  inner: Content,
): Promise<BodyApart> =>
  withScratch(
    async scratch => {
      if (msgId.length !== 16) throw usage('msgId must be 16 bytes')
      if (isNestedKind(inner.kind)) throw usage('a body apart holds no kind 4 or 5')
      const { classical } = algorithms
      const key = scratch.hold(algorithms.randomBytes(keyBytes))
      const sealKey = await deriveSealKey(classical, msgId, key, info)
      scratch.hold(sealKey.key)
      scratch.hold(sealKey.nonce)
      const plaintext = scratch.hold(padContent(inner))
      const sealed = await classical.aesGcmSeal(sealKey.key, sealKey.nonce, concat(info, msgId), plaintext)
      const body = concat(sealKey.commitment, sealed)
      return { body, content: { kind: kinds.bodyApart, content: concat(key, await classical.sha256(body)) } }
    },
    () => [],
  )

const readInner = (plaintext: Uint8Array): Content => {
  try {
    const inner = unpadContent(plaintext)
    if (!isNestedKind(inner.kind)) return inner
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  throw refused('content', 'a body apart holds no content, or one of kind 4 or 5')
}

/**
 * Opens a body by the content of an envelope (kind 4, 64 bytes). Throws `refused` with the reason `content` where it is
 * missing or another body, `commitment` or `tag` where it does not open.
 */
export const openBodyApart = (
  algorithms: Pick<Algorithms, 'classical'>,
  msgId: Uint8Array,
  content: Uint8Array,
  body: Uint8Array | null,
): Promise<Content> =>
  withScratch(
    async scratch => {
      const { classical } = algorithms
      if (content.length !== 64 || !body || body.length < commitmentBytes + tagBytes) {
        throw refused('content', 'the body apart is missing')
      }
      if (!equalBytes(content.subarray(keyBytes), await classical.sha256(body))) {
        throw refused('content', 'the body apart is another one')
      }
      const sealKey = await deriveSealKey(classical, msgId, scratch.hold(content.slice(0, keyBytes)), info)
      scratch.hold(sealKey.key)
      scratch.hold(sealKey.nonce)
      if (!equalBytes(sealKey.commitment, body.subarray(0, commitmentBytes))) {
        throw refused('commitment', 'the body apart does not open')
      }
      const sealed = body.slice(commitmentBytes)
      const plaintext = await classical.aesGcmOpen(sealKey.key, sealKey.nonce, concat(info, msgId), sealed)
      if (!plaintext) throw refused('tag', 'the body apart does not open')
      return readInner(scratch.hold(plaintext))
    },
    () => [],
  )
