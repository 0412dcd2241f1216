import type { CloseCode } from '@qsm/contract'
import { randomFraction } from '../random.js'
import type { Socket } from '../socket/socket.js'

/**
 * Closes sockets in jittered waves over `overMs` milliseconds, so that their clients do not come back all at once.
 * Resolves when each was asked to close.
 */
export const closeInWaves = async (
  sockets: ReadonlySet<Socket>,
  code: CloseCode,
  overMs: number,
  random: () => number = randomFraction,
): Promise<void> => {
  await Promise.all(
    [...sockets].map(
      socket =>
        new Promise<void>(resolve => {
          setTimeout(() => {
            socket.close(code)
            resolve()
          }, random() * overMs)
        }),
    ),
  )
}
