import { describe, expect, it } from 'vitest'
import { createMemoryRateLimits, QsmError } from '../src/index.js'
import { networkOf } from '../src/limits/network-of.js'

const refusal = async (work: Promise<void>): Promise<QsmError> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(QsmError)
  return error as QsmError
}

describe('a rate limit', () => {
  it('lets as many through as it says, then tells how long to wait', async () => {
    const limit = createMemoryRateLimits()({ name: 'a', points: 3, perSeconds: 60 })
    for (let round = 0; round < 3; round += 1) await limit.take('alice')
    const error = await refusal(limit.take('alice'))
    expect(error.code).toBe('rate_limited')
    expect(error.retryAfterSeconds).toBe(60)
    expect(error.message).toContain('60 s')
  })

  it('counts keys and names apart, and parallel takers together', async () => {
    const limits = createMemoryRateLimits()
    const first = limits({ name: 'a', points: 2, perSeconds: 60 })
    const second = limits({ name: 'b', points: 1, perSeconds: 60 })
    const taken = await Promise.allSettled(Array.from({ length: 10 }, () => first.take('alice')))
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    await first.take('bob')
    await second.take('alice')
  })

  it('takes several points at once', async () => {
    const limit = createMemoryRateLimits()({ name: 'a', points: 5, perSeconds: 60 })
    await limit.take('alice', 4)
    await refusal(limit.take('alice', 2))
  })
})

describe('the network of an address', () => {
  it('is the address itself for IPv4, and 64 bits of it for IPv6', () => {
    const networks: Record<string, string> = {
      '203.0.113.9': '203.0.113.9',
      '::ffff:203.0.113.9': '203.0.113.9',
      '2001:db8:0:1:2:3:4:5': '2001:db8:0:1::/64',
      '2001:0DB8::5': '2001:db8:0:0::/64',
      '2001:db8:a:b::': '2001:db8:a:b::/64',
      '::1': '0:0:0:0::/64',
      'fe80::1%eth0': 'fe80:0:0:0::/64',
      unknown: 'unknown',
      '': '',
    }
    for (const [address, network] of Object.entries(networks))
      expect([address, networkOf(address)]).toEqual([address, network])
  })
})
