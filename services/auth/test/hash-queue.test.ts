import { QsmError } from '@qsm/server-kit'
import { expect, test } from 'vitest'
import { createHashQueue, type HashFor } from '../src/passwords/hash-queue.js'

/** A queue of one at a time, whose works end when they are told to, in the order in which they came. */
const scene = (limits: { readonly maxWaiting: number; readonly perAccount: number; readonly perAddress: number }) => {
  const queue = createHashQueue({
    maxConcurrent: 1,
    maxWaiting: limits.maxWaiting,
    maxWaitingPerAccount: limits.perAccount,
    maxWaitingPerAddress: limits.perAddress,
  })
  const ends: (() => void)[] = []
  const enter = (whom: HashFor) => queue(whom, () => new Promise<void>(resolve => ends.push(resolve)))
  const refusal = async (whom: HashFor) => {
    const error = await enter(whom).catch((thrown: unknown) => thrown)
    if (!(error instanceof QsmError)) throw new Error('was not refused')
    return [error.code, error.retryAfterSeconds, error.message]
  }
  const endNext = async () => {
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  return { enter, refusal, endNext }
}

const at = (account: string, address: string): HashFor => ({ account, address })

test('one account does not take more places in the line than its share, from whatever address it comes', async () => {
  const { enter, refusal, endNext } = scene({ maxWaiting: 10, perAccount: 2, perAddress: 10 })
  const works = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(address => enter(at('alice', address)))
  expect(await refusal(at('alice', '192.0.2.4'))).toEqual([
    'rate_limited',
    1,
    'Too many passwords of this account wait to be checked: try again in a second.',
  ])
  works.push(enter(at('bob', '192.0.2.1')))
  await endNext()
  works.push(enter(at('alice', '192.0.2.4')))
  expect((await refusal(at('alice', '192.0.2.5')))[0]).toBe('rate_limited')
  for (const _ of works) await endNext()
  await Promise.all(works)
})

test('nor one address, whatever account it names', async () => {
  const { enter, refusal, endNext } = scene({ maxWaiting: 10, perAccount: 10, perAddress: 2 })
  const works = ['alice', 'bob', 'carol'].map(account => enter(at(account, '192.0.2.1')))
  expect(await refusal(at('dave', '192.0.2.1'))).toEqual([
    'rate_limited',
    1,
    'Too many passwords of this address wait to be checked: try again in a second.',
  ])
  works.push(enter(at('dave', '192.0.2.2')))
  await endNext()
  works.push(enter(at('dave', '192.0.2.1')))
  expect((await refusal(at('erin', '192.0.2.1')))[0]).toBe('rate_limited')
  for (const _ of works) await endNext()
  await Promise.all(works)
})

test('a full line refuses everybody for the moment, and who was refused has taken no place', async () => {
  const { enter, refusal, endNext } = scene({ maxWaiting: 2, perAccount: 2, perAddress: 2 })
  const works = ['alice', 'bob', 'carol'].map((account, index) => enter(at(account, `192.0.2.${index}`)))
  for (let again = 0; again < 3; again += 1) {
    expect((await refusal(at('dave', '192.0.2.9'))).slice(0, 2)).toEqual(['unavailable', 2])
  }
  await endNext()
  works.push(enter(at('dave', '192.0.2.9')))
  for (const _ of works) await endNext()
  await Promise.all(works)
})
