import { refused } from '../errors.js'
import type { Algorithms } from '../ports.js'
import { type Purpose, signatureBytes, wrapVerify } from '../signature.js'

/** A record without the signature at its end; a view. */
export const unsignedPart = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - signatureBytes)

/** Refuses a record whose last 730 bytes are no signature of `signer` over all before, for this purpose. */
export const checkSigned = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical'>,
  signer: { readonly identityKey: Uint8Array; readonly suite: number },
  purpose: Purpose,
  bytes: Uint8Array,
  what: string,
): Promise<void> => {
  const signature = bytes.subarray(bytes.length - signatureBytes)
  if (!(await wrapVerify(algorithms, signer.identityKey, purpose, signer.suite, unsignedPart(bytes), signature))) {
    throw refused('signature', `the signature of ${what} does not hold`)
  }
}
