import { createTokens } from '../../../packages/server-kit/dist/src/tokens/access-tokens.js'

const clock = { now: () => 1_767_225_600_000 }
const options = { secret: 'a secret that is only counted with, of 48 letters', lifeMs: 900_000, clock }
const caller = {
  userId: '01890a5d-ac96-774b-bcce-b302099a8057',
  username: 'alice',
  sessionId: '01890a5d-aeea-7c3e-8c1e-0d2f6b1a9c55',
}
const usesOfToken = 10

/** A token that is new here, then the same nine times more. */
export const prepare = () => {
  const issuer = createTokens(options)
  const tokens = Array.from({ length: 1_000 }, () => issuer.issueAccess(caller))
  return count => {
    const { verifyAccess } = createTokens(options)
    for (let done = 0; done < count; done += 1) {
      for (let use = 0; use < usesOfToken; use += 1) verifyAccess(tokens[done])
    }
  }
}
