import * as z from 'zod'
import { uuid } from '../fields.js'
import { defineRoute } from '../route.js'
import { falconPublicKey, kemPublicKey, namesByUse, ownUser, pem, sizesByName } from './quantum-fields.js'

export const generateManagedKeys = defineRoute({
  operationId: 'generateManagedKeys',
  service: 'quantum-crypto',
  method: 'post',
  path: '/api/quantum/keygen',
  summary: 'Make managed keys; private ones never leave',
  auth: 'access',
  body: z.strictObject({ user_id: ownUser, key_type: z.enum(['all', 'kem', 'sig', 'ecdsa']).default('all') }),
  responses: {
    201: {
      description: 'Public keys.',
      body: z.object({
        user_id: uuid,
        public_keys: z.object({
          ml_kem_768: kemPublicKey.optional(),
          falcon_512: falconPublicKey.optional(),
          ecdsa_p256: pem.optional(),
        }),
        key_sizes: sizesByName,
        algorithms: namesByUse,
      }),
    },
  },
  errors: ['forbidden'],
})

const userParams = z.object({ user_id: ownUser })

export const listManagedKeys = defineRoute({
  operationId: 'listManagedKeys',
  service: 'quantum-crypto',
  method: 'get',
  path: '/api/quantum/session/{user_id}',
  summary: 'Which managed keys exist',
  auth: 'access',
  params: userParams,
  responses: { 200: { description: 'The keys.', body: z.object({ user_id: uuid, keys: z.array(z.string()) }) } },
  errors: ['forbidden'],
})

export const destroyManagedKeys = defineRoute({
  operationId: 'destroyManagedKeys',
  service: 'quantum-crypto',
  method: 'delete',
  path: '/api/quantum/session/{user_id}',
  summary: 'Destroy the managed keys',
  auth: 'access',
  params: userParams,
  responses: { 204: { description: 'Destroyed.' } },
  errors: ['forbidden'],
})
