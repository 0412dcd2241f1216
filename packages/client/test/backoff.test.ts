import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs, pause, retryMs } from '../src/backoff.js'
import { QsmClientError } from '../src/errors.js'

const drawing = (byte: number) => ({ randomBytes: (length: number) => new Uint8Array(length).fill(byte) })

describe('the time before the next attempt', () => {
  it('is drawn from nothing up to a bound that doubles, to half a minute', () => {
    expect([0, 1, 5, 1_000].map(attempt => backoffMs(attempt, drawing(0)))).toEqual([0, 0, 0, 0])
    const most = [0, 1, 2, 3, 4, 5, 6, 1_000_000].map(attempt => Math.round(backoffMs(attempt, drawing(255))))
    expect(most).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('is never more than half a minute, whatever was drawn', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array({ minLength: 4, maxLength: 4 }), (attempt, bytes) => {
        const waited = backoffMs(attempt, { randomBytes: () => bytes })
        return waited >= 0 && waited <= 30_000
      }),
    )
  })

  it('is what the server asks for, and a random time on top', () => {
    const asking = (retryAfterMs: number) => new QsmClientError('unavailable', '', { details: { retryAfterMs } })
    expect(retryMs(asking(5_000), 2, drawing(0))).toBe(5_000)
    expect(Math.round(retryMs(asking(5_000), 2, drawing(255)))).toBe(7_000)
    expect(Math.round(retryMs(new Error('lost'), 2, drawing(255)))).toBe(2_000)
    expect(retryMs(asking(1e12), 2, drawing(0))).toBe(3_600_000)
  })

  it('ends at once with the signal', async () => {
    const stop = new AbortController()
    const waited = pause(3_600_000, stop.signal)
    stop.abort()
    await expect(waited).resolves.toBeUndefined()
    await expect(pause(3_600_000, stop.signal)).resolves.toBeUndefined()
  })
})
