import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed } from '../errors.js'
import { type DeviceRecord, decodeDeviceRecord, deviceRecordMaxBytes } from './device-record.js'
import { decodePrekey, type Prekey, prekeyBytes } from './prekey.js'

const version = 1

/** What a server hands out for a device: its record and one prekey. */
export interface Bundle {
  readonly record: DeviceRecord
  readonly prekey: Prekey
}

/** `u8 ver ‖ lp(DeviceRecord) ‖ Prekey with signature`, from the bytes of both. */
export const encodeBundle = (record: Uint8Array, prekey: Uint8Array): Uint8Array =>
  new Writer().u8(version).lp(record).fixed(prekeyBytes, prekey, 'a prekey').finish()

/** Reads a bundle without judging signatures. Throws `malformed` or `refused`. */
export const decodeBundle = (bytes: Uint8Array): Bundle => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== version) throw malformed('unknown version of a bundle')
  const record = decodeDeviceRecord(reader.lp(deviceRecordMaxBytes, 'device record'))
  const prekey = decodePrekey(reader.bytes(prekeyBytes, 'prekey'))
  reader.end()
  return { record, prekey }
}
