import { z } from 'zod'
import { base64, text, time, username, uuid } from '../fields.js'
import { limits } from '../limits.js'
import { defineRoute } from '../route.js'

const encoding = z.enum(['utf-8', 'base64']).optional()
const ownUser = z.union([uuid, username]).meta({ description: "The caller's own name or id; any other gives 403." })
const signatureType = z.enum(['wrap_sign', 'falcon_only', 'ecdsa_only'])
const falconSignature = base64(666)
const ecdsaSignature = base64(64)
const pem = text(1, 1_000).meta({ description: 'PEM' })
const sizes = z.record(z.string(), z.int())
const names = z.record(z.string(), z.string())
const bytesOrText = text(0, 131_072)

const selfTest = z.object({ passed: z.boolean(), checks: z.array(z.object({ name: z.string(), passed: z.boolean() })) })

const describe = z.object({
  service: z.string(),
  version: z.string(),
  library: z.string(),
  library_version: z.string(),
  audited: z.literal(false),
  algorithms: z.array(z.object({ name: z.string(), kind: z.string(), sizes })),
  self_test: selfTest,
  wasm_sha256: names,
})

export const getQuantumHealth = defineRoute({
  operationId: 'getQuantumHealth',
  service: 'quantum-crypto',
  method: 'get',
  path: '/api/health',
  summary: 'Whether the quantum service can serve',
  auth: 'open',
  responses: {
    200: {
      description: 'It can serve.',
      body: z.object({
        status: z.enum(['healthy', 'degraded', 'unhealthy']),
        service: z.string(),
        version: z.string(),
        timestamp: time,
        library: z.string(),
        library_version: z.string(),
        self_test: z.enum(['passed', 'failed']),
      }),
    },
  },
})

export const getQuantumInfo = defineRoute({
  operationId: 'getQuantumInfo',
  service: 'quantum-crypto',
  method: 'get',
  path: '/api/quantum/info',
  summary: 'Algorithms with their sizes, the self-test, the hash of the WASM',
  auth: 'open',
  responses: { 200: { description: 'What runs here.', body: describe } },
})

const keygen = defineRoute({
  operationId: 'generateManagedKeys',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/keygen',
  summary: 'Make managed keys; private ones never leave',
  auth: 'access',
  body: z.strictObject({ user_id: ownUser, key_type: z.enum(['all', 'kem', 'sig', 'ecdsa']) }),
  responses: {
    201: {
      description: 'Public keys.',
      body: z.object({
        user_id: uuid,
        public_keys: z.object({
          ml_kem_768: base64(1184).optional(),
          falcon_512: base64(897).optional(),
          ecdsa_p256: pem.optional(),
        }),
        key_sizes: sizes,
        algorithms: names,
      }),
    },
  },
  errors: ['forbidden', 'not_implemented'],
})

const encapsulate = defineRoute({
  operationId: 'encapsulate',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/encapsulate',
  summary: 'ML-KEM-768 encapsulation; the secret is an HKDF output',
  auth: 'access',
  body: z.strictObject({ receiver_public_key: base64(1184), session_id: text(1, 200).optional() }),
  responses: {
    200: {
      description: 'Ciphertext and secret.',
      body: z.object({
        ciphertext: base64(1088),
        shared_secret: base64(32),
        session_id: z.string(),
        algorithm: z.string(),
        kdf: z.string(),
      }),
    },
  },
  errors: ['not_implemented'],
})

const decapsulate = defineRoute({
  operationId: 'decapsulate',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/decapsulate',
  summary: 'ML-KEM-768 decapsulation with a managed key',
  auth: 'access',
  body: z.strictObject({ ciphertext: base64(1088), user_id: ownUser, session_id: text(1, 200) }),
  responses: { 200: { description: 'The secret.', body: z.object({ shared_secret: base64(32) }) } },
  errors: ['forbidden', 'not_implemented'],
})

const wrapSign = defineRoute({
  operationId: 'wrapSign',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/wrap_sign',
  summary: 'Sign with a managed key: Falcon-512 inside ECDSA-P256',
  auth: 'access',
  body: z.strictObject({ message: bytesOrText, encoding, user_id: ownUser, signature_type: signatureType.optional() }),
  responses: {
    200: {
      description: 'The parts of the signature.',
      body: z.object({
        falcon_signature: falconSignature.nullable(),
        ecdsa_signature: ecdsaSignature.nullable(),
        signature_sizes: sizes,
        algorithms: names,
        protocol: z.string(),
      }),
    },
  },
  errors: ['forbidden', 'not_implemented'],
})

const verification = z.strictObject({
  message: bytesOrText,
  encoding,
  falcon_signature: falconSignature.nullable().optional(),
  ecdsa_signature: ecdsaSignature.nullable().optional(),
  falcon_public: base64(897).nullable().optional(),
  ecdsa_public: pem.nullable().optional(),
  signature_type: signatureType.optional(),
})
const verdict = z.object({ valid: z.boolean(), falcon_valid: z.boolean().nullable(), ecdsa_valid: z.boolean().nullable() })

const wrapVerify = defineRoute({
  operationId: 'wrapVerify',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/wrap_verify',
  summary: 'Verify one signature, or up to 64 under `batch`',
  auth: 'access',
  maxBodyBytes: limits.maxSendBodyBytes,
  body: z.union([verification, z.strictObject({ batch: z.array(verification).min(1).max(64) })]),
  responses: { 200: { description: 'The verdicts.', body: z.union([verdict, z.object({ results: z.array(verdict) })]) } },
  errors: ['not_implemented'],
})

const encrypt = defineRoute({
  operationId: 'encrypt',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/encrypt',
  summary: 'AES-256-GCM with a random nonce',
  auth: 'access',
  body: z.strictObject({ plaintext: bytesOrText, encoding, shared_secret: base64(32), aad: bytesOrText.optional() }),
  responses: {
    200: {
      description: 'Ciphertext, nonce and tag.',
      body: z.object({ ciphertext: base64(0, limits.maxBodyBytes), nonce: base64(12), tag: base64(16) }),
    },
  },
  errors: ['not_implemented'],
})

const decrypt = defineRoute({
  operationId: 'decrypt',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/decrypt',
  summary: 'AES-256-GCM, opened',
  auth: 'access',
  body: z.strictObject({
    ciphertext: base64(0, limits.maxBodyBytes),
    nonce: base64(12),
    tag: base64(16),
    shared_secret: base64(32),
    aad: bytesOrText.optional(),
    encoding,
  }),
  responses: { 200: { description: 'The plaintext.', body: z.object({ plaintext: z.string() }) } },
  errors: ['not_implemented'],
})

const userParams = z.object({ user_id: ownUser })

const listManagedKeys = defineRoute({
  operationId: 'listManagedKeys',
  service: 'quantum-crypto',
  method: 'get',
  path: '/api/quantum/session/{user_id}',
  summary: 'Which managed keys exist',
  auth: 'access',
  params: userParams,
  responses: { 200: { description: 'The keys.', body: z.object({ user_id: uuid, keys: z.array(z.string()) }) } },
  errors: ['forbidden', 'not_implemented'],
})

const destroyManagedKeys = defineRoute({
  operationId: 'destroyManagedKeys',
  service: 'quantum-crypto',
  method: 'delete',
  path: '/api/quantum/session/{user_id}',
  summary: 'Destroy the managed keys',
  auth: 'access',
  params: userParams,
  responses: { 204: { description: 'Destroyed.' } },
  errors: ['forbidden', 'not_implemented'],
})

/** The routes of managed keys, which the quantum service answers with `not_implemented` until it has them. */
export const managedKeyRoutes = Object.freeze({
  keygen,
  encapsulate,
  decapsulate,
  wrapSign,
  wrapVerify,
  encrypt,
  decrypt,
  listManagedKeys,
  destroyManagedKeys,
})
