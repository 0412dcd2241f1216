import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Beating, createHeartbeat } from '../src/socket/heartbeat.js'

/** A socket that answers pings, until it does not. */
class Peer implements Beating {
  alive = true
  pings: number[] = []
  droppedAt: number | null = null
  #heard = true
  ping() {
    this.pings.push(Date.now())
    this.#heard = this.alive
  }
  heard() {
    return this.#heard
  }
  drop() {
    this.droppedAt ??= Date.now()
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the heartbeat', () => {
  it('pings each socket every 25 s, a few at a time', () => {
    const heartbeat = createHeartbeat()
    const peers = Array.from({ length: 100 }, () => new Peer())
    for (const peer of peers) heartbeat.watch(peer)
    vi.advanceTimersByTime(100_000)
    for (const peer of peers) {
      expect(peer.pings).toHaveLength(4)
      expect((peer.pings[1] ?? 0) - (peer.pings[0] ?? 0)).toBe(25_000)
      expect(peer.droppedAt).toBeNull()
    }
    const perSecond = new Map<number, number>()
    for (const at of peers.flatMap(peer => peer.pings)) perSecond.set(at, (perSecond.get(at) ?? 0) + 1)
    expect(Math.max(...perSecond.values())).toBe(4)
    heartbeat.stop()
  })

  it('drops a peer within 45 s of its death, whenever it dies', () => {
    for (let diesAt = 0; diesAt < 60_000; diesAt += 700) {
      vi.setSystemTime(0)
      const heartbeat = createHeartbeat()
      const peer = new Peer()
      heartbeat.watch(peer)
      vi.advanceTimersByTime(diesAt)
      peer.alive = false
      vi.advanceTimersByTime(60_000)
      expect(peer.droppedAt).not.toBeNull()
      expect((peer.droppedAt ?? Number.POSITIVE_INFINITY) - diesAt).toBeLessThanOrEqual(45_000)
      heartbeat.stop()
    }
  })

  it('leaves a socket alone that is no longer watched', () => {
    const heartbeat = createHeartbeat()
    const peer = new Peer()
    const unwatch = heartbeat.watch(peer)
    unwatch()
    vi.advanceTimersByTime(60_000)
    expect(peer.pings).toEqual([])
    heartbeat.stop()
  })
})
