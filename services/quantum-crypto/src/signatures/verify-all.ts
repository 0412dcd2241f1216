import { setImmediate as nextTurn } from 'node:timers/promises'
import { type BodyOf, decodeBase64, type wrapVerify } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import { requireFalconKey, requireP256Pem } from '../keys/public-keys.js'
import { bytesOfContent } from '../secrets/content.js'
import { type Verdict, verifyEcdsa, verifyFalcon, verifyWrapped } from './rest-signature.js'

/** A signature to verify; the contract has seen to it that the parts of its type are there. */
export type Verification = Exclude<BodyOf<typeof wrapVerify>, { batch: unknown }>

/** So many are verified in one turn of the event loop: about two milliseconds. */
const perTurn = 8

type Tools = Pick<Algorithms, 'signer' | 'classical'>
type Judge = (tools: Tools) => Promise<Verdict>

/** Reads all fields of one, so that nothing is computed where one is refused. `place` stands before names of fields. */
const prepare = (given: Verification, place: string): Judge => {
  const message = bytesOfContent(given.message, given.encoding)
  const falconKey = () => {
    const key = decodeBase64(given.falcon_public as string)
    requireFalconKey(`${place}falcon_public`, key)
    return key
  }
  const ecdsaKey = () => requireP256Pem(`${place}ecdsa_public`, given.ecdsa_public as string)
  const falconPart = () => decodeBase64(given.falcon_signature as string)
  const ecdsaPart = () => decodeBase64(given.ecdsa_signature as string)
  switch (given.signature_type) {
    case 'wrap_sign': {
      const keys = { falcon: falconKey(), ecdsa: ecdsaKey() }
      const signature = { falcon: falconPart(), ecdsa: ecdsaPart() }
      return tools => verifyWrapped(tools, keys, message, signature)
    }
    case 'falcon_only': {
      const [key, signature] = [falconKey(), falconPart()]
      return tools => verifyFalcon(tools, key, message, signature)
    }
    case 'ecdsa_only': {
      const [key, signature] = [ecdsaKey(), ecdsaPart()]
      return tools => verifyEcdsa(tools, key, message, signature)
    }
  }
}

export const verifyOne = (tools: Tools, given: Verification): Promise<Verdict> => prepare(given, '')(tools)

/** Verdicts in the order of the batch. Throws `key_refused` or `validation_failed` for the first key that is none. */
export const verifyBatch = async (tools: Tools, batch: readonly Verification[]): Promise<Verdict[]> => {
  const judges = batch.map((given, index) => prepare(given, `batch[${index}].`))
  const verdicts: Verdict[] = []
  for (const judge of judges) {
    if (verdicts.length > 0 && verdicts.length % perTurn === 0) await nextTurn()
    verdicts.push(await judge(tools))
  }
  return verdicts
}
