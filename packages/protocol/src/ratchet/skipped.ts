import type { Scratch } from '../codec/scratch.js'
import { refused } from '../errors.js'
import { stepChain } from '../kdf.js'
import type { Classical } from '../ports.js'
import { bounds, type ReceivingChain, type Session, type SkippedKey } from './session.js'

/**
 * Walks a chain up to envelope `until`, keeping the keys on the way. Throws `refused` where a chain would owe more than
 * 1 000 keys: a peer could else make this side compute and keep without end.
 */
export const skipTo = async (
  classical: Pick<Classical, 'hmacSha256'>,
  scratch: Scratch,
  chain: ReceivingChain,
  until: number,
  stored: readonly SkippedKey[],
  now: number,
): Promise<{ readonly chain: ReceivingChain; readonly skipped: readonly SkippedKey[] }> => {
  if (until <= chain.n) return { chain, skipped: stored }
  const ofChain = stored.filter(key => key.epoch === chain.epoch).length
  if (ofChain + until - chain.n > bounds.skippedPerChain) {
    throw refused('too_many_skipped', 'an envelope skips more than is kept')
  }
  let { chainKey } = chain
  if (!chainKey) throw refused('key_gone', 'this chain has ended')
  const fresh: SkippedKey[] = []
  for (let n = chain.n; n < until; n += 1) {
    const { messageKey, next } = await stepChain(classical, chainKey)
    fresh.push({ epoch: chain.epoch, n, messageKey: scratch.hold(messageKey), storedAt: now })
    chainKey = scratch.hold(next)
  }
  return { chain: { ...chain, chainKey, n: until }, skipped: [...stored, ...fresh] }
}

/** Keeps what the bounds allow: keys of the chains that are kept, not older than 14 days, the newest 2 000. */
export const pruneSkipped = (
  skipped: readonly SkippedKey[],
  chains: readonly ReceivingChain[],
  now: number,
): readonly SkippedKey[] => {
  if (skipped.length === 0) return skipped
  const epochs = new Set(chains.map(chain => chain.epoch))
  const kept = skipped.filter(key => epochs.has(key.epoch) && now - key.storedAt < bounds.skippedLifeMs)
  return kept.length === skipped.length && kept.length <= bounds.skippedPerSession
    ? skipped
    : kept.slice(-bounds.skippedPerSession)
}

/** A session without the skipped keys that are too old; the same one where there are none. */
export const pruneSession = (session: Session, now: number): Session => {
  const skipped = pruneSkipped(session.skipped, session.receiving, now)
  return skipped === session.skipped ? session : { ...session, skipped }
}
