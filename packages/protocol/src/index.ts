export * from './body-apart.js'
export { compareBytes, equalBytes, toHex, wipe } from './codec/bytes.js'
export * from './envelope/content.js'
export * from './envelope/header.js'
export * from './envelope/parse.js'
export * from './envelope/verify.js'
export { ProtocolError, type ProtocolErrorCode, type ProtocolReason } from './errors.js'
export * from './handshake/key-schedule.js'
export * from './handshake/mode-a.js'
export * from './handshake/mode-b.js'
export * from './identity.js'
export * from './kdf.js'
export { checkKemKey } from './kem-key.js'
export { checkP256Point } from './p256.js'
export * from './peer/session-choice.js'
export * from './ports.js'
export * from './ratchet/decrypt.js'
export * from './ratchet/encrypt.js'
export * from './ratchet/policy.js'
export * from './ratchet/session.js'
export * from './ratchet/session-codec.js'
export * from './records/bundle.js'
export * from './records/device-record.js'
export * from './records/prekey.js'
export * from './records/request.js'
export * from './records/response.js'
export {
  decodeLocalDevice,
  decodePrekeySecrets,
  decodeRequestSecrets,
  encodeLocalDevice,
  encodePrekeySecrets,
  encodeRequestSecrets,
} from './records/stored-keys.js'
export * from './safety-number.js'
export * from './signature.js'
export * from './suite.js'
export * from './webcrypto.js'
