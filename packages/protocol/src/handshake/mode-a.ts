import { type Scratch, withScratch } from '../codec/scratch.js'
import { Writer } from '../codec/writer.js'
import type { PrekeyBlock } from '../envelope/parse.js'
import { refused } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import { beginAsF, beginAsG } from '../ratchet/begin.js'
import { type Session, secretsOf } from '../ratchet/session.js'
import type { Bundle } from '../records/bundle.js'
import { acceptDeviceRecord, type DeviceRecord, type ExpectedDevice } from '../records/device-record.js'
import { acceptPrekey, type PrekeyKind, type PrekeySecrets, prekeyBody } from '../records/prekey.js'
import { deriveHandshakeKeys, type HandshakeKeys, modeA, type Party, partyOf, transcriptHash } from './key-schedule.js'

const firstKemId = 1

const body2 = (input: ModeAKeys): Uint8Array =>
  new Writer()
    .u32(input.prekeyId)
    .u8(input.kind)
    .bytes(input.p256)
    .bytes(input.ciphertext)
    .u32(firstKemId)
    .bytes(input.kem)
    .finish()

interface ModeAKeys {
  readonly suite: number
  readonly initiator: Party
  readonly responder: Party
  /** The Prekey without its signature. */
  readonly prekeyBody: Uint8Array
  readonly prekeyId: number
  readonly kind: PrekeyKind
  /** EK_F, ct and ek_F. */
  readonly p256: Uint8Array
  readonly ciphertext: Uint8Array
  readonly kem: Uint8Array
  readonly ss: Uint8Array
  readonly d: Uint8Array
}

/** The keys of mode A from its transcript and secrets; wipes `ss` and `d`. */
export const modeAKeys = async (
  algorithms: Pick<Algorithms, 'classical'>,
  input: ModeAKeys,
): Promise<HandshakeKeys> => {
  const th = await transcriptHash(algorithms.classical, {
    suite: input.suite,
    mode: modeA,
    initiator: input.initiator,
    responder: input.responder,
    body1: input.prekeyBody,
    body2: body2(input),
  })
  return deriveHandshakeKeys(algorithms.classical, input.suite, input.ss, input.d, th)
}

const holdKeys = (scratch: Scratch, keys: HandshakeKeys): HandshakeKeys => {
  for (const secret of [keys.rootKey, keys.chainKey, keys.confirmKey]) scratch.hold(secret)
  return keys
}

/**
 * Begins a session with a device by one of its prekeys; no answer is needed. Judges the bundle against `expected`. Throws
 * `refused`. The session is stored before its first envelope leaves.
 */
export const beginByPrekey = (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  bundle: Bundle,
  expected: ExpectedDevice & { readonly user: Uint8Array; readonly device: number },
): Promise<Session> =>
  withScratch(async scratch => {
    const { record, prekey } = bundle
    await acceptDeviceRecord(algorithms, record, expected)
    await acceptPrekey(algorithms, prekey, record)
    if (!record.suites.includes(local.suite)) throw refused('suite', 'the peer does not speak our suite')
    const own = await algorithms.classical.generateP256()
    scratch.hold(own.secretKey)
    const ownKem = await algorithms.kem.generateKeyPair()
    scratch.hold(ownKem.secretKey)
    const { ciphertext, sharedSecret } = await algorithms.kem.encapsulate(prekey.kem)
    const keys = await modeAKeys(algorithms, {
      suite: local.suite,
      initiator: partyOf(local),
      responder: partyOf(record),
      prekeyBody: prekeyBody(prekey),
      prekeyId: prekey.id,
      kind: prekey.kind,
      p256: own.publicKey,
      ciphertext,
      kem: ownKem.publicKey,
      ss: scratch.hold(sharedSecret),
      d: scratch.hold(await algorithms.classical.ecdh(own, prekey.p256)),
    })
    holdKeys(scratch, keys)
    const prekeyBlock = new Writer()
      .u32(prekey.id)
      .u8(prekey.kind)
      .bytes(ciphertext)
      .u32(firstKemId)
      .bytes(ownKem.publicKey)
      .lp(ownRecord.bytes)
      .finish()
    return beginAsF({ keys, suite: local.suite, mode: modeA, now: algorithms.now(), own, ownKem, prekeyBlock })
  }, secretsOf)

/**
 * The other side of mode A, from the first envelope's prekey block and its `dh`. The initiator's record was accepted.
 * The session counts only once an envelope has opened on it; until then the prekey's private halves are kept.
 */
export const answerPrekey = (
  algorithms: Algorithms,
  local: LocalDevice,
  secrets: PrekeySecrets,
  block: PrekeyBlock,
  dh: Uint8Array,
): Promise<Session> =>
  withScratch(async scratch => {
    if (block.kind !== secrets.kind) throw refused('unknown_prekey', 'a prekey is named with another kind')
    if (!local.suites.includes(block.record.suite)) throw refused('suite', 'the suite of the peer is not spoken here')
    const peerDh = dh.slice()
    const peerKem = block.kem.slice()
    const keys = await modeAKeys(algorithms, {
      suite: block.record.suite,
      initiator: partyOf(block.record),
      responder: partyOf(local),
      prekeyBody: secrets.body,
      prekeyId: secrets.id,
      kind: secrets.kind,
      p256: peerDh,
      ciphertext: block.ciphertext,
      kem: peerKem,
      ss: scratch.hold(await algorithms.kem.decapsulate(secrets.kem.secretKey, block.ciphertext.slice())),
      d: scratch.hold(await algorithms.classical.ecdh(secrets.p256, peerDh)),
    })
    holdKeys(scratch, keys)
    return beginAsG({ keys, suite: block.record.suite, mode: modeA, now: algorithms.now(), peerDh, peerKem })
  }, secretsOf)
