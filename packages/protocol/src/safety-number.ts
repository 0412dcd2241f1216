import { ascii, compareBytes, concat } from './codec/bytes.js'
import { Writer } from './codec/writer.js'
import type { Classical } from './ports.js'

/** A user as the safety number sees one. */
export interface SafetyParty {
  /** 16 bytes. */
  readonly user: Uint8Array
  /** Fingerprints of all active devices, 32 bytes each, in any order. */
  readonly fingerprints: readonly Uint8Array[]
}

/** 30 digits of one side: six groups of five bytes as numbers mod 100 000. */
const half = async (classical: Classical, party: SafetyParty): Promise<string> => {
  const sorted = [...party.fingerprints].sort(compareBytes)
  const hash = await classical.sha256(
    new Writer()
      .bytes(ascii('QSM/1 safety'))
      .bytes(party.user)
      .lp(concat(...sorted))
      .finish(),
  )
  const groups = Array.from({ length: 6 }, (_, index) => {
    const number = hash.subarray(index * 5, index * 5 + 5).reduce((sum, byte) => sum * 256 + byte, 0)
    return String(number % 100_000).padStart(5, '0')
  })
  return groups.join('')
}

/** The 60 digits that two people compare (docs/protocol.md section 8); the same on both sides. */
export const safetyNumber = async (classical: Classical, one: SafetyParty, other: SafetyParty): Promise<string> => {
  const halves = [await half(classical, one), await half(classical, other)].sort()
  return halves.join('')
}
