import { expect, test } from 'vitest'
import { readVariables, redisVariables } from '../src/index.js'
import { addressOf } from '../src/redis/address-of.js'

test('a password of its own reaches Redis in whatever characters it has', () => {
  const password = 'p@ss/wörd:%41#?'
  const address = addressOf(
    readVariables(redisVariables, { REDIS_URL: 'rediss://default@redis.example.org:6380/2', REDIS_PASSWORD: password }),
  )
  const url = new URL(address?.url ?? '')
  expect(decodeURIComponent(url.password)).toBe(password)
  expect([url.protocol, url.username, url.host, url.pathname]).toEqual([
    'rediss:',
    'default',
    'redis.example.org:6380',
    '/2',
  ])
})
