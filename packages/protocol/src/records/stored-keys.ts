import { Reader } from '../codec/reader.js'
import { readStoredVersion } from '../codec/stored-version.js'
import { Writer } from '../codec/writer.js'
import { malformed } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import type { KeyPair } from '../ports.js'
import { decodeDeviceRecord, deviceRecordMaxBytes } from './device-record.js'
import { type PrekeySecrets, prekeyBodyBytes, prekeyKinds } from './prekey.js'
import type { RequestSecrets } from './request.js'

/** Of the stored forms in this file. A later version reads all earlier ones. */
const version = 1
const maxKeyBytes = 8_192
const maxRequestBytes = 8_192

export const writeKeyPair = (writer: Writer, pair: KeyPair): Writer => writer.lp(pair.publicKey).lp(pair.secretKey)
export const readKeyPair = (reader: Reader): KeyPair => ({
  publicKey: reader.lp(maxKeyBytes, 'public key'),
  secretKey: reader.lp(maxKeyBytes, 'secret key'),
})

const begin = (bytes: Uint8Array, what: string): Reader => {
  const reader = new Reader(bytes)
  readStoredVersion(reader, version, what)
  return reader
}

/** An own device with its private keys as bytes, to be stored. */
export const encodeLocalDevice = (local: LocalDevice): Uint8Array => {
  const writer = new Writer()
    .u8(version)
    .fixed(16, local.user, 'user')
    .u32(local.device)
    .u16(local.suite)
    .flag(local.managed)
  writeKeyPair(writer, local.falcon)
  writeKeyPair(writer, local.ecdsa).u8(local.suites.length)
  for (const suite of local.suites) writer.u16(suite)
  return writer.finish()
}

/** Throws `malformed` for another version or damaged bytes; so do all readers of this file. */
export const decodeLocalDevice = (bytes: Uint8Array): LocalDevice => {
  const reader = begin(bytes, 'the stored keys of this device')
  const user = reader.bytes(16, 'user')
  const device = reader.u32('device')
  const suite = reader.u16('suite')
  const managed = reader.flag('managed')
  const falcon = readKeyPair(reader)
  const ecdsa = readKeyPair(reader)
  const suites = Array.from({ length: reader.u8('suites') }, () => reader.u16('suite'))
  reader.end()
  return { user, device, suite, managed, falcon, ecdsa, suites }
}

/** The private halves of a prekey as bytes, to be stored. */
export const encodePrekeySecrets = (secrets: PrekeySecrets): Uint8Array => {
  const writer = new Writer().u8(version).u32(secrets.id).u8(secrets.kind).u64(secrets.notAfter)
  writer.fixed(prekeyBodyBytes, secrets.body, 'the body of a prekey')
  writeKeyPair(writer, secrets.p256)
  writeKeyPair(writer, secrets.kem).u32(secrets.usedSids.length)
  for (const sid of secrets.usedSids) writer.fixed(16, sid, 'sid')
  return writer.finish()
}

export const decodePrekeySecrets = (bytes: Uint8Array): PrekeySecrets => {
  const reader = begin(bytes, 'a stored prekey')
  const id = reader.u32('prekey id')
  const kind = reader.u8('prekey kind')
  if (kind !== prekeyKinds.oneTime && kind !== prekeyKinds.lastResort) throw malformed('unknown kind of prekey')
  const notAfter = reader.u64('notAfter')
  const body = reader.bytes(prekeyBodyBytes, 'body')
  const p256 = readKeyPair(reader)
  const kem = readKeyPair(reader)
  const usedSids: Uint8Array[] = []
  for (let left = reader.u32('sids'); left > 0; left -= 1) usedSids.push(reader.bytes(16, 'sid'))
  reader.end()
  return { id, kind, notAfter, body, p256, kem, usedSids }
}

/** What an own request keeps until it is answered, as bytes, to be stored. */
export const encodeRequestSecrets = (secrets: RequestSecrets): Uint8Array => {
  const writer = new Writer().u8(version).lp(secrets.bytes)
  writeKeyPair(writer, secrets.p256)
  return writeKeyPair(writer, secrets.kem).finish()
}

export const decodeRequestSecrets = (bytes: Uint8Array): RequestSecrets => {
  const reader = begin(bytes, 'a stored request')
  const secrets = { bytes: reader.lp(maxRequestBytes, 'request'), p256: readKeyPair(reader), kem: readKeyPair(reader) }
  reader.end()
  return secrets
}

/** A peer's record within a stored state. */
export const readStoredRecord = (reader: Reader) => decodeDeviceRecord(reader.lp(deviceRecordMaxBytes, 'device record'))
