import { connect, loadAlgorithms, makePerson, prepareSends } from '../../bench/people.js'
import type { Pair, Person, Shape } from '../prepared.js'
import { type Account, connectThin, forEach, makePeople } from './people.js'

/** Makes the pairs of a scenario on the target, from two accounts for each pair. */
export type MakePairs = (url: string, accounts: readonly Account[], shape: Shape) => Promise<readonly Pair[]>

const two = <T>(entries: readonly T[]): (readonly [T, T])[] =>
  entries.flatMap((entry, index) => (index % 2 === 0 ? [[entry, entries[index + 1] as T] as const] : []))

/** Registered and logged in, and no more. */
export const strangers: MakePairs = async (url, accounts) =>
  two(await makePeople(url, accounts)).map(([sender, receiver]) => ({ sender, receiver, sends: [] }))

/** Thin clients with an open connection. */
export const thinPairs: MakePairs = async (url, accounts, shape) => {
  const pairs = await strangers(url, accounts, shape)
  await forEach(pairs, ({ sender, receiver }) => connectThin(url, sender, receiver))
  return pairs
}

/** People with devices of their own, and everything that each sender will send, sealed and signed. */
export const sealedPairs: MakePairs = async (url, accounts, shape) => {
  const algorithms = await loadAlgorithms()
  const count = Math.ceil((shape.perSecond * shape.seconds) / shape.pairs)
  return forEach(two(accounts), async ([senderAccount, receiverAccount], index) => {
    const sender = await makePerson(url, algorithms, senderAccount.username, senderAccount.password)
    const receiver = await makePerson(url, algorithms, receiverAccount.username, receiverAccount.password)
    const session = await connect(url, algorithms, receiver, sender)
    const { sends } = await prepareSends(algorithms, sender, index, receiver, session, count)
    const known = (account: Account, accessToken: string): Person => ({
      ...account,
      accessToken,
      refreshToken: '', // Sealed runs end before the token does.
      expiresAt: 0,
    })
    return {
      sender: known(senderAccount, sender.token),
      receiver: known(receiverAccount, receiver.token),
      sends: sends.map(({ json }) => json),
    }
  })
}
