import * as z from 'zod'
import { base64Bytes, base64Length } from '../base64.js'
import { base64, count, text, username, utf8Bytes } from '../fields.js'
import { limits } from '../limits.js'

/** Fields that several routes of the quantum service share. Sizes are those of ML-KEM-768, Falcon-512 and P-256. */
export const encoding = z.enum(['utf-8', 'base64']).optional().meta({
  description: 'How `message`, `plaintext` and `aad` stand here: as text (the default) or as base64 of bytes.',
})

/** A name or an id: both have the form of a name. */
export const ownUser = username.meta({ description: "The caller's own name or id; any other gives 403." })
export const signatureType = z.enum(['wrap_sign', 'falcon_only', 'ecdsa_only']).meta({
  id: 'SignatureType',
  description: 'Purpose `rest`, `rest-falcon` or `rest-ecdsa` of docs/protocol.md section 2.',
})

export const kemPublicKey = base64(1_184)
export const kemCiphertext = base64(1_088)
export const falconPublicKey = base64(897)
export const falconSignature = base64(666)
export const ecdsaSignature = base64(64)
export const sharedSecret = base64(32)
export const pem = text(1, 1_000).meta({ description: 'PEM (SubjectPublicKeyInfo).' })
export const sizesByName = z.record(z.string(), count).meta({ description: 'Bytes by name.' })
export const namesByUse = z.record(z.string(), z.string()).meta({ description: 'Names of algorithms by use.' })
export const sessionId = text(1, 200)

/** Text, or base64 of bytes as `encoding` says; the object around it is held to `checkContent`. */
export const content = text(0, base64Length(limits.maxPlaintextBytes)).meta({
  description: `At most ${limits.maxPlaintextBytes} bytes.`,
})

/** Says for an object with `encoding` which of these fields is not the base64 that it promises, or too long. */
export const checkContent =
  (...names: readonly string[]) =>
  (value: { readonly encoding?: 'utf-8' | 'base64' | undefined }, context: z.RefinementCtx): void => {
    for (const name of names) {
      const given = (value as Readonly<Record<string, unknown>>)[name]
      if (typeof given !== 'string') continue
      const bytes = value.encoding === 'base64' ? base64Bytes(given) : utf8Bytes(given)
      const fault =
        bytes === null
          ? 'base64 in the standard alphabet with padding, in canonical form'
          : bytes > limits.maxPlaintextBytes && `at most ${limits.maxPlaintextBytes} bytes`
      if (fault) context.addIssue({ code: 'custom', path: [name], message: fault })
    }
  }
