import { wrapVerify as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { QuantumParts } from '../parts.js'
import { verifyBatch, verifyOne } from '../signatures/verify-all.js'

export const wrapVerify = ({ context: { algorithms }, limits, count }: QuantumParts) =>
  route(contract)(async ({ body, caller }) => {
    if (!('batch' in body)) {
      const verdict = await verifyOne(algorithms, body)
      count('wrap_verify')
      return { status: 200, body: verdict }
    }
    // The call itself was counted before.
    if (body.batch.length > 1) await limits.call.take(caller.userId, body.batch.length - 1)
    const results = await verifyBatch(algorithms, body.batch)
    count('wrap_verify', results.length)
    return { status: 200, body: { results } }
  })
