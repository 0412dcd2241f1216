import { copyBytes, wipe } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed, refused, usage } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import { checkKemKey, kemPublicKeyBytes } from '../kem-key.js'
import { checkP256Point, pointBytes } from '../p256.js'
import type { Algorithms, KeyPair } from '../ports.js'
import { signatureBytes, wrapSign } from '../signature.js'
import type { DeviceRecord } from './device-record.js'
import { checkSigned, unsignedPart } from './signed.js'
import { dayMs } from './times.js'

export const prekeyKinds = Object.freeze({ oneTime: 1, lastResort: 2 } as const)
export type PrekeyKind = (typeof prekeyKinds)[keyof typeof prekeyKinds]

export const prekeyBodyBytes = 4 + 1 + pointBytes + kemPublicKeyBytes + 8
export const prekeyBytes = prekeyBodyBytes + signatureBytes

/** How many prekeys a device keeps on the server, and how long (docs/protocol.md section 3). */
export const prekeySupply = Object.freeze({
  oneTimeMin: 50,
  oneTimeMax: 100,
  lastResortEveryMs: 7 * dayMs,
  maxLifeMs: 30 * dayMs,
})

/** A signed prekey; `bytes` is the whole record, 1 992 bytes. */
export interface Prekey {
  readonly bytes: Uint8Array
  readonly id: number
  readonly kind: PrekeyKind
  readonly p256: Uint8Array
  readonly kem: Uint8Array
  readonly notAfter: number
}

/** The private halves of an own prekey. */
export interface PrekeySecrets {
  readonly id: number
  readonly kind: PrekeyKind
  readonly p256: KeyPair
  readonly kem: KeyPair
  readonly notAfter: number
  /** The record without signature, which is hashed into the handshake. */
  readonly body: Uint8Array
  /** Of a last-resort prekey: the sids that it has begun, so that none begins twice. */
  readonly usedSids: readonly Uint8Array[]
}

/** Draws a prekey of an own device and signs it. The caller stores the private halves before the record leaves. */
export const makePrekey = async (
  algorithms: Algorithms,
  local: LocalDevice,
  options: { readonly id: number; readonly kind: PrekeyKind; readonly notAfter: number },
): Promise<{ readonly prekey: Prekey; readonly secrets: PrekeySecrets }> => {
  if (options.id === 0) throw usage('a prekey id is not 0')
  const lifeMs = options.notAfter - algorithms.now()
  if (lifeMs <= 0 || lifeMs > prekeySupply.maxLifeMs) throw usage('a prekey lives at most 30 days')
  const p256 = await algorithms.classical.generateP256()
  const kem = await algorithms.kem.generateKeyPair()
  const body = new Writer()
    .u32(options.id)
    .u8(options.kind)
    .fixed(pointBytes, p256.publicKey, 'a P-256 point')
    .fixed(kemPublicKeyBytes, kem.publicKey, 'an ML-KEM-768 key')
    .u64(options.notAfter)
    .finish()
  const signature = await wrapSign(algorithms, local, 'prekey', local.suite, body)
  const prekey = decodePrekey(new Writer().bytes(body).bytes(signature).finish())
  return { prekey, secrets: { ...options, p256, kem, body, usedSids: [] } }
}

/** Reads a prekey without judging its signature. Throws `malformed`, or `refused` for keys that nobody may use. */
export const decodePrekey = (bytes: Uint8Array): Prekey => {
  const reader = new Reader(bytes)
  const id = reader.u32('prekey id')
  if (id === 0) throw malformed('a prekey id is not 0')
  const kind = reader.u8('prekey kind')
  if (kind !== prekeyKinds.oneTime && kind !== prekeyKinds.lastResort) throw malformed('unknown kind of prekey')
  const p256 = reader.bytes(pointBytes, 'prekey P-256')
  const kem = reader.bytes(kemPublicKeyBytes, 'prekey ML-KEM')
  const notAfter = reader.u64('notAfter')
  reader.view(signatureBytes, 'signature')
  reader.end()
  checkP256Point(p256)
  checkKemKey(kem)
  return { bytes: copyBytes(bytes), id, kind, p256, kem, notAfter }
}

/** The record without signature, a copy: `body1` of mode A. */
export const prekeyBody = (prekey: Prekey): Uint8Array => copyBytes(unsignedPart(prekey.bytes))

/** Takes a prekey of a device or throws `refused`: its signature holds and it is still in time. */
export const acceptPrekey = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical' | 'now'>,
  prekey: Prekey,
  owner: Pick<DeviceRecord, 'identityKey' | 'suite'>,
): Promise<void> => {
  if (prekey.notAfter <= algorithms.now()) throw refused('time', 'a prekey has expired')
  await checkSigned(algorithms, owner, 'prekey', prekey.bytes, 'a prekey')
}

export const wipePrekey = (secrets: PrekeySecrets): void => wipe(secrets.p256.secretKey, secrets.kem.secretKey)
