import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import type { KeyPair } from '../ports.js'
import type { PrekeyKind, PrekeySecrets } from './prekey.js'
import type { RequestSecrets } from './request.js'

const version = 1
const maxPartBytes = 8_192

const writePair = (writer: Writer, pair: KeyPair) => writer.lp(pair.publicKey).lp(pair.secretKey)
const readPair = (reader: Reader): KeyPair => ({
  publicKey: reader.lp(maxPartBytes, 'public key'),
  secretKey: reader.lp(maxPartBytes, 'secret key'),
})
const begin = (bytes: Uint8Array): Reader => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== version) throw malformed('stored keys of an unknown version')
  return reader
}

/** An own device with its private keys as bytes, to be stored. */
export const encodeLocalDevice = (local: LocalDevice): Uint8Array => {
  const writer = new Writer().u8(version).bytes(local.user).u32(local.device).u16(local.suite).u8(local.managed ? 1 : 0)
  writePair(writer, local.falcon)
  writePair(writer, local.ecdsa).u8(local.suites.length)
  for (const suite of local.suites) writer.u16(suite)
  return writer.finish()
}

export const decodeLocalDevice = (bytes: Uint8Array): LocalDevice => {
  const reader = begin(bytes)
  const head = { user: reader.bytes(16, 'user'), device: reader.u32('device'), suite: reader.u16('suite'), managed: reader.u8('managed') === 1 }
  const falcon = readPair(reader)
  const ecdsa = readPair(reader)
  const suites = Array.from({ length: reader.u8('suites') }, () => reader.u16('suite'))
  reader.end()
  return { ...head, falcon, ecdsa, suites }
}

/** The private halves of a prekey as bytes, to be stored. */
export const encodePrekeySecrets = (secrets: PrekeySecrets): Uint8Array => {
  const writer = new Writer().u8(version).u32(secrets.id).u8(secrets.kind).u64(secrets.notAfter).lp(secrets.body)
  writePair(writer, secrets.p256)
  return writePair(writer, secrets.kem).finish()
}

export const decodePrekeySecrets = (bytes: Uint8Array): PrekeySecrets => {
  const reader = begin(bytes)
  const id = reader.u32('prekey id')
  const kind = reader.u8('prekey kind') as PrekeyKind
  const notAfter = reader.u64('notAfter')
  const body = reader.lp(maxPartBytes, 'body')
  const secrets = { id, kind, notAfter, body, p256: readPair(reader), kem: readPair(reader) }
  reader.end()
  return secrets
}

/** What an own request keeps until it is answered, as bytes, to be stored. */
export const encodeRequestSecrets = (secrets: RequestSecrets): Uint8Array => {
  const writer = new Writer().u8(version).lp(secrets.bytes)
  writePair(writer, secrets.p256)
  return writePair(writer, secrets.kem).finish()
}

export const decodeRequestSecrets = (bytes: Uint8Array): RequestSecrets => {
  const reader = begin(bytes)
  const secrets = { bytes: reader.lp(maxPartBytes, 'request'), p256: readPair(reader), kem: readPair(reader) }
  reader.end()
  return secrets
}
