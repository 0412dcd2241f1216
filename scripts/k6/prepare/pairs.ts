import { type BenchPerson, loadAlgorithms, makePerson } from '../../bench/people.js'
import type { Pair, Person, Shape } from '../prepared.js'
import { type Account, connectThin, forEach, makePeople } from './people.js'
import { makeDevices, sealForAll } from './sealed.js'

/** Makes the pairs of a scenario on the target, from the accounts that each pair needs. */
export type MakePairs = (url: string, accounts: readonly Account[], shape: Shape) => Promise<readonly Pair[]>

const two = <T>(entries: readonly T[]): (readonly [T, T])[] =>
  entries.flatMap((entry, index) => (index % 2 === 0 ? [[entry, entries[index + 1] as T] as const] : []))

/** Registered and logged in, and each its own pair. */
export const loners: MakePairs = async (url, accounts) =>
  (await makePeople(url, accounts)).map(person => ({ sender: person, receivers: [person], sends: [] }))

/** Thin clients with an open connection. */
export const thinPairs: MakePairs = async (url, accounts) => {
  const people = await makePeople(url, accounts)
  return forEach(two(people), async ([sender, receiver]) => {
    await connectThin(url, sender, receiver)
    return { sender, receivers: [receiver], sends: [] }
  })
}

/** People with devices of their own, and everything that each sender will send, sealed and signed. */
export const sealedPairs =
  (devicesOf: (shape: Shape) => number): MakePairs =>
  async (url, accounts, shape) => {
    const algorithms = await loadAlgorithms()
    const count = Math.ceil((shape.perSecond * shape.seconds) / shape.pairs)
    return forEach(two(accounts), async ([senderAccount, receiverAccount]) => {
      const sender = await makePerson(url, algorithms, senderAccount.username, senderAccount.password)
      const receivers = await makeDevices(url, algorithms, receiverAccount, devicesOf(shape))
      const sends = await sealForAll(algorithms, url, sender, receivers, count)
      const known = (account: Account, { token }: BenchPerson): Person => ({
        ...account,
        accessToken: token,
        refreshToken: '', // Sealed runs end before the token does.
        expiresAt: 0,
      })
      return {
        sender: known(senderAccount, sender),
        receivers: receivers.map(device => known(receiverAccount, device)),
        sends,
      }
    })
  }
