import { refused } from '../errors.js'
import { stepChain } from '../kdf.js'
import type { Classical } from '../ports.js'
import { bounds, type ReceivingChain, type SkippedKey } from './session.js'

/** Walks a chain up to envelope `until`, keeping the keys on the way. Throws `refused` over the bound of a chain. */
export const skipTo = async (
  classical: Classical,
  chain: ReceivingChain,
  until: number,
  stored: readonly SkippedKey[],
  now: number,
): Promise<{ readonly chain: ReceivingChain; readonly skipped: readonly SkippedKey[] }> => {
  if (until <= chain.n) return { chain, skipped: stored }
  const ofChain = stored.filter(key => key.epoch === chain.epoch).length
  if (ofChain + until - chain.n > bounds.skippedPerChain) throw refused('an envelope skips more than is kept')
  let { chainKey } = chain
  if (!chainKey) throw refused('this chain has ended')
  const fresh: SkippedKey[] = []
  for (let n = chain.n; n < until; n += 1) {
    const { messageKey, next } = await stepChain(classical, chainKey)
    fresh.push({ epoch: chain.epoch, n, messageKey, storedAt: now })
    if (chainKey !== chain.chainKey) chainKey.fill(0)
    chainKey = next
  }
  return { chain: { ...chain, chainKey, n: until }, skipped: [...stored, ...fresh] }
}

/** Keeps what the bounds allow: keys of the chains that are kept, not older than 14 days, the newest 2 000. */
export const pruneSkipped = (
  skipped: readonly SkippedKey[],
  chains: readonly ReceivingChain[],
  now: number,
): readonly SkippedKey[] => {
  const epochs = new Set(chains.map(chain => chain.epoch))
  const kept = skipped.filter(key => epochs.has(key.epoch) && now - key.storedAt < bounds.skippedLifeMs)
  return kept.slice(-bounds.skippedPerSession)
}
