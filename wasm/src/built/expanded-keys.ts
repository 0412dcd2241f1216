/** What `wasm/build/c/falcon.c` offers; a slot has room for one expanded key. */
interface Slots {
  slot_count(): number
  /** The slot that holds the secret key which lies in its place, or -1. */
  find_slot(): number
  /** 0 when the secret key is none. */
  expand(slot: number): number
  wipe_slot(slot: number): unknown
}

export interface ExpandedKeys {
  /** Runs with the secret key that lies in its place expanded, and clears the slot afterwards. Throws when it is no secret key. */
  once<T>(use: (slot: number) => T): T
  /** The same, but the slot is only cleared `keepMs` after its last use, or earlier when others need it. */
  kept<T>(use: (slot: number) => T): T
}

/**
 * Expanded keys: expanding takes a quarter of the time of a signature, and whoever signs many messages in a row by one key can
 * save it. Where `keepMs` is 0 nothing is kept.
 */
export const createExpandedKeys = (
  { slot_count, find_slot, expand, wipe_slot }: Slots,
  keepMs: number,
): ExpandedKeys => {
  /** Never kept: for `once`. */
  const spare = slot_count() - 1
  /** Kept slots with the time of their last use by `performance.now()`; the oldest comes first. */
  const lastUse = new Map<number, number>()
  let timer: ReturnType<typeof setTimeout> | null = null

  const expandInto = (slot: number): void => {
    if (expand(slot) === 0) throw new Error('Falcon-512: secretKey is not valid')
  }
  const clear = (slot: number): void => {
    wipe_slot(slot)
    lastUse.delete(slot)
  }
  const freeSlot = (): number => {
    if (lastUse.size === spare) clear(lastUse.keys().next().value as number)
    let slot = 0
    while (lastUse.has(slot)) slot += 1
    return slot
  }
  const clearIdle = (): void => {
    timer = null
    const now = performance.now()
    for (const [slot, usedAtMs] of lastUse) {
      if (now - usedAtMs >= keepMs) clear(slot)
    }
    watch()
  }
  const watch = (): void => {
    const [oldest] = lastUse.values()
    if (timer !== null || oldest === undefined) return
    timer = setTimeout(clearIdle, Math.max(1, oldest + keepMs - performance.now()))
    // In Node a program may end before; its memory ends with it.
    ;(timer as { unref?: () => void }).unref?.()
  }
  const slotOfKey = (): number => {
    let slot = find_slot()
    if (slot < 0) {
      slot = freeSlot()
      expandInto(slot)
    }
    lastUse.delete(slot)
    lastUse.set(slot, performance.now())
    watch()
    return slot
  }

  const once: ExpandedKeys['once'] = use => {
    try {
      expandInto(spare)
      return use(spare)
    } finally {
      wipe_slot(spare)
    }
  }
  return { once, kept: keepMs > 0 ? use => use(slotOfKey()) : once }
}
