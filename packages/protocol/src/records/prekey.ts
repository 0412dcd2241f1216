import { wipe } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed, refused } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import { checkKemKey, checkP256Point } from '../key-checks.js'
import type { Algorithms, KeyPair } from '../ports.js'
import { signatureBytes, wrapSign, wrapVerify } from '../signature.js'
import type { DeviceRecord } from './device-record.js'

export const prekeyKinds = Object.freeze({ oneTime: 1, lastResort: 2 } as const)
export type PrekeyKind = (typeof prekeyKinds)[keyof typeof prekeyKinds]

export const prekeyBodyBytes = 4 + 1 + 65 + 1184 + 8
export const prekeyBytes = prekeyBodyBytes + signatureBytes

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
}

const writeBody = (id: number, kind: PrekeyKind, p256: Uint8Array, kem: Uint8Array, notAfter: number): Uint8Array =>
  new Writer().u32(id).u8(kind).bytes(p256).bytes(kem).u64(notAfter).finish()

/** Draws a prekey of an own device and signs it. */
export const makePrekey = async (
  algorithms: Algorithms,
  local: LocalDevice,
  options: { readonly id: number; readonly kind: PrekeyKind; readonly notAfter: number },
): Promise<{ readonly prekey: Prekey; readonly secrets: PrekeySecrets }> => {
  const p256 = await algorithms.classical.generateP256()
  const kem = await algorithms.kem.generateKeyPair()
  const body = writeBody(options.id, options.kind, p256.publicKey, kem.publicKey, options.notAfter)
  const signature = await wrapSign(algorithms, local, 'prekey', local.suite, body)
  const prekey = decodePrekey(new Writer().bytes(body).bytes(signature).finish())
  return { prekey, secrets: { ...options, p256, kem, body } }
}

/** Reads a prekey without judging its signature. Throws `malformed`, or `refused` for keys that nobody may use. */
export const decodePrekey = (bytes: Uint8Array): Prekey => {
  const reader = new Reader(bytes)
  const id = reader.u32('prekey id')
  if (id === 0) throw malformed('a prekey id is not 0')
  const kind = reader.u8('prekey kind')
  if (kind !== prekeyKinds.oneTime && kind !== prekeyKinds.lastResort) throw malformed('unknown kind of prekey')
  const p256 = reader.bytes(65, 'prekey P-256')
  const kem = reader.bytes(1184, 'prekey ML-KEM')
  const notAfter = reader.u64('notAfter')
  reader.bytes(signatureBytes, 'signature')
  reader.end()
  checkP256Point(p256)
  checkKemKey(kem)
  return { bytes: bytes.slice(), id, kind, p256, kem, notAfter }
}

export const prekeyBody = (prekey: Prekey): Uint8Array => prekey.bytes.slice(0, prekeyBodyBytes)

/** Takes a prekey of a device or throws `refused`: its signature holds and it is still in time. */
export const acceptPrekey = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical' | 'now'>,
  prekey: Prekey,
  owner: DeviceRecord,
): Promise<void> => {
  if (prekey.notAfter <= algorithms.now()) throw refused('a prekey has expired')
  const signature = prekey.bytes.slice(prekeyBodyBytes)
  const holds = await wrapVerify(algorithms, owner.identityKey, 'prekey', owner.suite, prekeyBody(prekey), signature)
  if (!holds) throw refused('the signature of a prekey does not hold')
}

export const wipePrekey = (secrets: PrekeySecrets): void => wipe(secrets.p256.secretKey, secrets.kem.secretKey)
