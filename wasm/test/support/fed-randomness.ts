import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Replaces both generators of this test process: `randomFillSync`, from which liboqs draws, and `getRandomValues`, from
 * which noble draws. Must be imported before the libraries, which keep the function that they find.
 *
 * The draws come out of `next` as long as there are any, then the platform's own follow. One library may ask at once for what
 * another asks for in turn, so several may answer one request; together they must have the wanted length.
 */
const platform = nodeCrypto.randomFillSync
let next: Uint8Array[] = []
let watch: ((bytes: number) => void) | null = null

const fill = <T extends Uint8Array>(target: T): T => {
  watch?.(target.length)
  if (next.length === 0) return platform(target)
  let fed = 0
  while (fed < target.length) {
    const draw = next.shift()
    if (draw === undefined || draw.length > target.length - fed)
      throw new Error(`${target.length} random bytes drawn, ${fed + (draw?.length ?? 0)} fed`)
    target.set(draw, fed)
    fed += draw.length
  }
  return target
}
nodeCrypto.randomFillSync = fill as typeof nodeCrypto.randomFillSync
syncBuiltinESMExports()
globalThis.crypto.getRandomValues = fill as Crypto['getRandomValues']

export interface Feed {
  /** Sets what is drawn next and forgets what was left. */
  (...draws: Uint8Array[]): void
  readonly left: () => number
  /** Called at each draw with its length, before it is answered; may throw, as a broken generator does. */
  readonly onDraw: (watcher: ((bytes: number) => void) | null) => void
}

export const feed: Feed = Object.assign(
  (...draws: Uint8Array[]) => {
    next = draws
  },
  {
    left: () => next.length,
    onDraw: (watcher: ((bytes: number) => void) | null) => {
      watch = watcher
    },
  },
)
