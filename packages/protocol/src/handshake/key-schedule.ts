import { ascii, concat, wipe } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import { identityKeyOf, type LocalDevice } from '../identity.js'
import { hkdfExpand, hkdfExtract } from '../kdf.js'
import type { Classical } from '../ports.js'
import type { DeviceRecord } from '../records/device-record.js'

/** 1: by a prekey, no answer needed. 2: by request and answer. */
export type Mode = 1 | 2
export const modeA: Mode = 1
export const modeB: Mode = 2

/** One side of a handshake as it enters the transcript. */
export interface Party {
  readonly user: Uint8Array
  readonly device: number
  readonly identityKey: Uint8Array
  readonly suites: readonly number[]
}

export const partyOf = (device: LocalDevice | DeviceRecord): Party => ({
  user: device.user,
  device: device.device,
  identityKey: 'identityKey' in device ? device.identityKey : identityKeyOf(device),
  suites: device.suites,
})

/** All that both sides have to agree on. */
export interface Transcript {
  readonly suite: number
  readonly mode: Mode
  readonly initiator: Party
  readonly responder: Party
  readonly body1: Uint8Array
  readonly body2: Uint8Array
}

const address = (party: Party): Uint8Array => new Writer().bytes(party.user).u32(party.device).finish()

const suiteList = (party: Party): Uint8Array =>
  party.suites.reduce((writer, suite) => writer.u16(suite), new Writer()).finish()

/**
 * `TH`, 32 bytes: every identity, suite list, point, KEM key and ciphertext of a handshake (docs/protocol.md section 4). With
 * the identities and the prekey in it, a ciphertext made for one key never passes for another (PQXDH rev 3, section 4.9).
 */
export const transcriptHash = (classical: Pick<Classical, 'sha256'>, transcript: Transcript) =>
  classical.sha256(
    new Writer()
      .bytes(ascii('QSM/1 hs'))
      .u16(transcript.suite)
      .u8(transcript.mode)
      .lp(address(transcript.initiator))
      .lp(transcript.initiator.identityKey)
      .lp(address(transcript.responder))
      .lp(transcript.responder.identityKey)
      .lp(suiteList(transcript.initiator))
      .lp(suiteList(transcript.responder))
      .lp(transcript.body1)
      .lp(transcript.body2)
      .finish(),
  )

/** What both sides hold after a handshake. */
export interface HandshakeKeys {
  /** TH, 32 bytes. */
  readonly transcriptHash: Uint8Array
  /** 16 bytes. */
  readonly sid: Uint8Array
  readonly rootKey: Uint8Array
  /** CK_F, the first chain of the side that encapsulated. */
  readonly chainKey: Uint8Array
  /** KC, for `confirm`; wiped by whoever asked for it. */
  readonly confirmKey: Uint8Array
}

/**
 * The key schedule: `ss` of ML-KEM and `d` of ECDH, 32 bytes each, into RK ‖ CK_F ‖ KC, bound to the transcript. Wipes
 * both secrets. (CFRG hybrid KEMs, universal combiner; SP 800-227 section 4.6.)
 */
export const deriveHandshakeKeys = async (
  classical: Pick<Classical, 'sha256' | 'hmacSha256'>,
  suite: number,
  ss: Uint8Array,
  d: Uint8Array,
  th: Uint8Array,
): Promise<HandshakeKeys> => {
  const salt = await classical.sha256(new Writer().bytes(ascii('QSM/1 hs-salt')).u16(suite).finish())
  const ikm = concat(ss, d)
  const prk = await hkdfExtract(classical, salt, ikm)
  wipe(ss, d, ikm)
  const okm = await hkdfExpand(classical, prk, concat(ascii('QSM/1 hs'), th), 96)
  const sid = (await classical.sha256(ascii('QSM/1 sid'), th)).slice(0, 16)
  const keys = {
    transcriptHash: th,
    sid,
    rootKey: okm.slice(0, 32),
    chainKey: okm.slice(32, 64),
    confirmKey: okm.slice(64, 96),
  }
  wipe(prk, okm)
  return keys
}

/** `confirm` of mode B: ML-KEM rejects silently, so only this tells that both sides hold the same keys. */
export const confirmation = (classical: Pick<Classical, 'hmacSha256'>, confirmKey: Uint8Array, th: Uint8Array) =>
  classical.hmacSha256(confirmKey, concat(ascii('QSM/1 confirm'), th))
