import * as z from 'zod'
import { base64 } from '../fields.js'
import { limits } from '../limits.js'
import { defineRoute } from '../route.js'
import {
  checkContent,
  content,
  encoding,
  kemCiphertext,
  kemPublicKey,
  ownUser,
  sessionId,
  sharedSecret,
} from './quantum-fields.js'

export const encapsulate = defineRoute({
  operationId: 'encapsulate',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/encapsulate',
  summary: 'ML-KEM-768 encapsulation; the secret is an HKDF output',
  auth: 'access',
  body: z.strictObject({ receiver_public_key: kemPublicKey, session_id: sessionId.optional() }),
  responses: {
    200: {
      description: 'Ciphertext and secret.',
      body: z.object({
        ciphertext: kemCiphertext,
        shared_secret: sharedSecret,
        session_id: z.string(),
        algorithm: z.string(),
        kdf: z.string(),
      }),
    },
  },
  errors: ['key_refused'],
})

export const decapsulate = defineRoute({
  operationId: 'decapsulate',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/decapsulate',
  summary: 'ML-KEM-768 decapsulation with a managed key',
  description:
    'ML-KEM rejects silently: a foreign ciphertext gives another secret, not an error (FIPS 203 section 6.3).',
  auth: 'access',
  body: z.strictObject({ ciphertext: kemCiphertext, user_id: ownUser, session_id: sessionId }),
  responses: { 200: { description: 'The secret.', body: z.object({ shared_secret: sharedSecret }) } },
  errors: ['forbidden', 'not_found'],
})

const ciphertext = base64(0, limits.maxPlaintextBytes)
const nonce = base64(12)
const tag = base64(16)

export const encrypt = defineRoute({
  operationId: 'encrypt',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/encrypt',
  summary: 'AES-256-GCM with a random nonce',
  auth: 'access',
  body: z
    .strictObject({ plaintext: content, encoding, shared_secret: sharedSecret, aad: content.optional() })
    .superRefine(checkContent('plaintext', 'aad')),
  responses: {
    200: { description: 'Ciphertext, nonce and tag.', body: z.object({ ciphertext, nonce, tag }) },
  },
})

export const decrypt = defineRoute({
  operationId: 'decrypt',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/decrypt',
  summary: 'AES-256-GCM, opened',
  description: 'With `encoding: base64` the plaintext comes as base64; without it bytes that are no UTF-8 are refused.',
  auth: 'access',
  body: z
    .strictObject({ ciphertext, nonce, tag, shared_secret: sharedSecret, aad: content.optional(), encoding })
    .superRefine(checkContent('aad')),
  responses: { 200: { description: 'The plaintext.', body: z.object({ plaintext: z.string() }) } },
  errors: ['decryption_failed'],
})
