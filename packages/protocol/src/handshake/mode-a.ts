import { wipe } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import type { PrekeyBlock } from '../envelope/parse.js'
import { refused } from '../errors.js'
import { identityKeyOf, type LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import { beginAsF, beginAsG } from '../ratchet/begin.js'
import type { Session } from '../ratchet/session.js'
import type { Bundle } from '../records/bundle.js'
import { acceptDeviceRecord, type DeviceRecord } from '../records/device-record.js'
import { acceptPrekey, type PrekeyKind, type PrekeySecrets, prekeyBody } from '../records/prekey.js'
import { deriveHandshakeKeys, type HandshakeKeys, modeA, type Party, transcriptHash } from './key-schedule.js'

export const partyOf = (device: LocalDevice | DeviceRecord): Party => ({
  user: device.user,
  device: device.device,
  identityKey: 'identityKey' in device ? device.identityKey : identityKeyOf(device),
  suites: device.suites,
})

const body2 = (prekeyId: number, kind: PrekeyKind, p256: Uint8Array, ct: Uint8Array, kem: Uint8Array): Uint8Array =>
  new Writer().u32(prekeyId).u8(kind).bytes(p256).bytes(ct).u32(1).bytes(kem).finish()

interface ModeAKeys {
  readonly suite: number
  readonly initiator: Party
  readonly responder: Party
  readonly prekeyBody: Uint8Array
  readonly prekeyId: number
  readonly kind: PrekeyKind
  readonly p256: Uint8Array
  readonly ciphertext: Uint8Array
  readonly kem: Uint8Array
  readonly ss: Uint8Array
  readonly d: Uint8Array
}

/** The keys of mode A from its transcript and secrets; wipes `ss` and `d`. */
export const modeAKeys = async (algorithms: Pick<Algorithms, 'classical'>, input: ModeAKeys): Promise<HandshakeKeys> => {
  const th = await transcriptHash(algorithms.classical, {
    suite: input.suite,
    mode: modeA,
    initiator: input.initiator,
    responder: input.responder,
    body1: input.prekeyBody,
    body2: body2(input.prekeyId, input.kind, input.p256, input.ciphertext, input.kem),
  })
  return deriveHandshakeKeys(algorithms.classical, input.suite, input.ss, input.d, th)
}

/**
 * Begins a session with a device by one of its prekeys; no answer is needed. Judges the bundle; `pinned` is the peer's
 * identity key where one is known. Throws `refused`.
 */
export const beginByPrekey = async (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  bundle: Bundle,
  expected: { readonly user: Uint8Array; readonly device: number; readonly pinned?: Uint8Array },
): Promise<Session> => {
  const { record, prekey } = bundle
  await acceptDeviceRecord(algorithms, record, expected)
  await acceptPrekey(algorithms, prekey, record)
  if (!record.suites.includes(local.suite)) throw refused('the peer does not speak our suite')
  const own = await algorithms.classical.generateP256()
  const ownKem = await algorithms.kem.generateKeyPair()
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
    ss: sharedSecret,
    d: await algorithms.classical.ecdh(own, prekey.p256),
  })
  wipe(keys.confirmKey)
  const prekeyBlock = new Writer()
    .u32(prekey.id)
    .u8(prekey.kind)
    .bytes(ciphertext)
    .u32(1)
    .bytes(ownKem.publicKey)
    .lp(ownRecord.bytes)
    .finish()
  return beginAsF({ keys, suite: local.suite, mode: modeA, now: algorithms.now(), own, ownKem, prekeyBlock })
}

/**
 * The other side of mode A, from the first envelope's prekey block and its `dh`. The initiator's record was accepted.
 * The session counts only once an envelope has opened on it.
 */
export const answerPrekey = async (
  algorithms: Algorithms,
  local: LocalDevice,
  secrets: PrekeySecrets,
  block: PrekeyBlock,
  dh: Uint8Array,
): Promise<Session> => {
  if (block.kind !== secrets.kind) throw refused('a prekey is named with another kind')
  if (!local.suites.includes(block.record.suite)) throw refused('the suite of the peer is not spoken here')
  const keys = await modeAKeys(algorithms, {
    suite: block.record.suite,
    initiator: partyOf(block.record),
    responder: partyOf(local),
    prekeyBody: secrets.body,
    prekeyId: secrets.id,
    kind: secrets.kind,
    p256: dh,
    ciphertext: block.ciphertext,
    kem: block.kem,
    ss: await algorithms.kem.decapsulate(secrets.kem.secretKey, block.ciphertext),
    d: await algorithms.classical.ecdh(secrets.p256, dh),
  })
  wipe(keys.confirmKey)
  return beginAsG({ keys, suite: block.record.suite, mode: modeA, now: algorithms.now(), peerDh: dh, peerKem: block.kem })
}

