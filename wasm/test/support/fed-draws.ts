export interface Feed {
  /** Sets what is drawn next and forgets what was left. */
  (...draws: Uint8Array[]): void
  readonly left: () => number
  /** Called at each draw with its length, before it is answered; may throw, as a broken generator does. */
  readonly onDraw: (watcher: ((bytes: number) => void) | null) => void
}

/**
 * A generator that gives what it is fed, as long as there is any, and then what `platform` gives. One library may ask at once
 * for what another asks for in turn, so several draws may answer one request; together they must have the wanted length.
 */
export const createFedGenerator = (platform: (target: Uint8Array<ArrayBuffer>) => unknown) => {
  let next: Uint8Array[] = []
  let watch: ((bytes: number) => void) | null = null

  const fill = <T extends Uint8Array>(target: T): T => {
    watch?.(target.length)
    if (next.length === 0) {
      platform(target as Uint8Array as Uint8Array<ArrayBuffer>)
      return target
    }
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
  const feed: Feed = Object.assign(
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
  return { fill, feed }
}
