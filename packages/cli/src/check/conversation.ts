import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Step, Steps } from './steps.js'
import type { ThrowAwayUser } from './throw-away-user.js'

const lookMs = 100
const logHint = 'see the log of the server'
const messageHint = 'the sockets are open, and no message comes: see the log of the message pods, and their REDIS_URL'

/** Sends one text, random and beyond ASCII, and waits for it. */
const sendOne = async (sender: ThrowAwayUser, receiver: ThrowAwayUser): Promise<string> => {
  const text = `qsm check ${randomBytes(16).toString('hex')} äλ中 😀\n`
  const { messageId } = await sender.client().send(receiver.username, text)
  const message = await receiver.next()
  if (message.id !== messageId || message.from !== sender.username)
    throw new Error(`another message came than the one that was sent: ${logHint}`)
  if (message.text !== text) throw new Error(`the text has changed on its way: do not use this server, ${logHint}`)
  if (!message.verified) throw new Error('the signatures of the sender do not hold: do not use this server')
  return 'sealed, sent, received over the WebSocket, unchanged'
}

/** Waits until the server holds nothing more for them. What came twice until then is seen. */
const lookForRest = async (users: readonly ThrowAwayUser[], signal: AbortSignal): Promise<string> => {
  for (const user of users) {
    while ((await user.unacknowledged(signal)) > 0) await wait(lookMs, null, { signal })
  }
  if (users.some(({ received }) => received.length !== 1)) throw new Error(`a message came more than once: ${logHint}`)
  return 'each message came once, and the server has let go of it'
}

/** Two users meet and say one thing each. Throws `StepFailed` at the step that fails; accounts are not removed here. */
export const converse = async (steps: Steps, alice: ThrowAwayUser, bob: ThrowAwayUser): Promise<void> => {
  const both = [alice, bob] as const
  const step = (name: string, hint: string, work: Step['work']) => steps.run({ name, hint, work })
  await step('register', logHint, async () => {
    await Promise.all(both.map(user => user.register()))
    return both.map(({ username }) => username).join(', ')
  })
  await step('login', logHint, async () => {
    await Promise.all(both.map(user => user.login()))
    return 'keys drawn, devices registered, prekeys put up'
  })
  await step('socket', 'see what stands in front of /ws', async () => {
    await Promise.all(both.map(user => user.goOnline()))
    return 'two WebSockets are open'
  })
  await step('connect', logHint, async signal => {
    bob.client().on('request', request => request.accept())
    await alice.client().connect(bob.username, { signal })
    return 'asked, accepted, keys agreed on'
  })
  await step('message', messageHint, () => sendOne(alice, bob))
  await step('answer', messageHint, () => sendOne(bob, alice))
  await step('acknowledged', 'what was received stays at the server: see the log of the message pods', signal =>
    lookForRest(both, signal),
  )
}
