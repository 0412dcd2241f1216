import { decrypt as contract, decodeBase64 } from '@qsm/contract'
import { wipe } from '@qsm/protocol'
import { QsmError, route } from '@qsm/server-kit'
import type { QuantumParts } from '../parts.js'
import { bytesOfContent, contentOfBytes } from '../secrets/content.js'

const noText = 'The ciphertext opens, but to bytes that are no UTF-8: ask with encoding "base64".'

export const decrypt = ({ context: { algorithms }, count }: QuantumParts) =>
  route(contract)(async ({ body: { ciphertext, nonce, tag, shared_secret, aad = '', encoding } }) => {
    const key = decodeBase64(shared_secret)
    const sealed = new Uint8Array(Buffer.concat([decodeBase64(ciphertext), decodeBase64(tag)]))
    const additional = bytesOfContent(aad, encoding)
    try {
      const opened = await algorithms.classical.aesGcmOpen(key, decodeBase64(nonce), additional, sealed)
      count('decrypt')
      if (opened === null) throw new QsmError('decryption_failed')
      const plaintext = contentOfBytes(opened, encoding)
      wipe(opened)
      if (plaintext === null) throw new QsmError('decryption_failed', noText)
      return { status: 200, body: { plaintext } }
    } finally {
      wipe(key)
    }
  })
