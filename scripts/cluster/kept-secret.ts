import { kubectl, type Proof, release } from './proof.js'
import { installRelease } from './release.js'

const readSecret = (): Promise<string> => kubectl('get', 'secret', release, '--output', 'jsonpath={.data}')

/** What the chart has drawn is the same after one more revision: tokens stay valid, and stored keys can be opened. */
export const secretsStay = async (proof: Proof): Promise<string> => {
  const before = await readSecret()
  if (before === '') throw new Error('the chart has drawn no secret')
  await installRelease(proof)
  if ((await readSecret()) !== before) throw new Error('helm upgrade has drawn the secrets anew')
  return `${Object.keys(JSON.parse(before)).length} keys kept`
}
