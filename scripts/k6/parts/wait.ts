import { setTimeout } from 'k6/timers'

export const wait = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, Math.max(0, ms)))

/** Resolves when this is so, or after `ms`; looks ten times a second. Gives whether it is so. */
export const waitUntil = async (isSo: () => boolean, ms: number): Promise<boolean> => {
  const end = Date.now() + ms
  while (!isSo() && Date.now() < end) await wait(100)
  return isSo()
}
