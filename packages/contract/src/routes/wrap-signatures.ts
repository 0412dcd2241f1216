import * as z from 'zod'
import { twoForms } from '../forms.js'
import { limits } from '../limits.js'
import { defineRoute } from '../route.js'
import {
  checkContent,
  content,
  ecdsaSignature,
  encoding,
  falconPublicKey,
  falconSignature,
  namesByUse,
  ownUser,
  pem,
  signatureType,
  sizesByName,
} from './quantum-fields.js'

export const wrapSign = defineRoute({
  operationId: 'wrapSign',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/wrap_sign',
  summary: 'Sign with a managed key: Falcon-512 inside ECDSA-P256',
  auth: 'access',
  body: z
    .strictObject({
      message: content,
      encoding,
      user_id: ownUser,
      signature_type: signatureType.default('wrap_sign'),
    })
    .superRefine(checkContent('message')),
  responses: {
    200: {
      description: 'The parts of the signature; null where the type has no such part.',
      body: z.object({
        falcon_signature: falconSignature.nullable(),
        ecdsa_signature: ecdsaSignature.nullable(),
        signature_sizes: sizesByName,
        algorithms: namesByUse,
        protocol: z.string(),
      }),
    },
  },
  errors: ['forbidden', 'not_found'],
})

const neededParts = {
  wrap_sign: ['falcon_signature', 'falcon_public', 'ecdsa_signature', 'ecdsa_public'],
  falcon_only: ['falcon_signature', 'falcon_public'],
  ecdsa_only: ['ecdsa_signature', 'ecdsa_public'],
} as const

const verification = z
  .strictObject({
    message: content,
    encoding,
    falcon_signature: falconSignature.nullable().optional(),
    ecdsa_signature: ecdsaSignature.nullable().optional(),
    falcon_public: falconPublicKey.nullable().optional(),
    ecdsa_public: pem.nullable().optional(),
    signature_type: signatureType.default('wrap_sign'),
  })
  .superRefine(checkContent('message'))
  .superRefine((value, context) => {
    for (const part of neededParts[value.signature_type]) {
      if (value[part] === undefined || value[part] === null) {
        context.addIssue({ code: 'custom', path: [part], message: `is needed for ${value.signature_type}` })
      }
    }
  })
  .meta({ id: 'Verification' })

const batch = z.strictObject({
  batch: z.array(verification).min(1, 'at least 1 signature').max(64, 'at most 64 signatures'),
})

const verdict = z
  .object({ valid: z.boolean(), falcon_valid: z.boolean().nullable(), ecdsa_valid: z.boolean().nullable() })
  .meta({ id: 'Verdict', description: '`valid` wants every part of the type; null where the type has no such part.' })

export const wrapVerify = defineRoute({
  operationId: 'wrapVerify',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/wrap_verify',
  summary: 'Verify one signature, or up to 64 under `batch`',
  auth: 'access',
  maxBodyBytes: limits.maxSendBodyBytes,
  body: twoForms('batch', batch, verification),
  responses: {
    200: {
      description: 'The verdict, or under `results` one for each of the batch in its order.',
      body: z.union([verdict, z.object({ results: z.array(verdict) })]),
    },
  },
  errors: ['key_refused'],
})
