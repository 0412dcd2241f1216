import { ascii, concat } from '../codec/bytes.js'
import { deriveSealKey, type SealKey } from '../kdf.js'
import type { Classical } from '../ports.js'

/**
 * Key, nonce and commitment of one envelope. The salt is drawn for each, so that a state that was rolled back never seals
 * two texts with one nonce (RFC 9420 section 6.3.1 guards alike).
 */
export const messageSealKey = (
  classical: Classical,
  messageKey: Uint8Array,
  salt: Uint8Array,
  sid: Uint8Array,
): Promise<SealKey> => deriveSealKey(classical, salt, messageKey, concat(ascii('QSM/1 mk'), sid))
