import { decodeSendFrame, encodeSendFrame } from '@qsm/contract'
import { checkEnvelopeKeys, hasSignatureForm, parseEnvelope } from '@qsm/protocol'
import { envelope } from './envelope-vector.mjs'

const clientMessageId = new Uint8Array(Buffer.from('01890a5dac96774bbcceb302099a8057', 'hex'))

export const prepare = () => {
  const frame = encodeSendFrame({ clientMessageId, body: null, envelopes: [envelope] })
  return count => {
    for (let done = 0; done < count; done += 1) {
      for (const bytes of decodeSendFrame(frame).envelopes) {
        const parsed = parseEnvelope(bytes)
        checkEnvelopeKeys(parsed)
        if (!hasSignatureForm(parsed.signature)) throw new Error('a genuine envelope has no form')
      }
    }
  }
}
