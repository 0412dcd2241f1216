import { buildVectors } from '../../packages/protocol/test/support/build-vectors.js'

/** The test vectors that the protocol package publishes. All randomness is seeded: the same bytes at every run. */
export const generate = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([['packages/protocol/vectors/qsm1-vectors.json', `${JSON.stringify(await buildVectors(), null, 2)}\n`]])
