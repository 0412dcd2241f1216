import { readFileSync } from 'node:fs'
import { signatureBytes, toBeSigned } from '@qsm/protocol'

const file = new URL('../../../packages/protocol/vectors/qsm1-vectors.json', import.meta.url)
const { identities, refusedEnvelopes, suite } = JSON.parse(readFileSync(file, 'utf8'))
const bytesOf = hex => new Uint8Array(Buffer.from(hex, 'hex'))

/** A genuine envelope of 2 320 bytes, signed by Alice. */
export const envelope = bytesOf(refusedEnvelopes.genuine)

const signed = envelope.subarray(0, -signatureBytes)
const fingerprint = bytesOf(identities.alice.fingerprint)

/** What Falcon has signed of it. */
export const falconPart = {
  publicKey: bytesOf(identities.alice.falconPublicKey),
  message: toBeSigned('env', suite, fingerprint, signed),
  signature: envelope.slice(signed.length, signed.length + 666),
}
