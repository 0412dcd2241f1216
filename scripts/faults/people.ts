import type { QsmClient } from '@qsm/client'
import type { HistoryEvent } from '../../tests/history/events.js'
import { createPeople, newName } from '../../tests/support/sdk.js'
import { tapArrivals } from './arrivals.js'

export interface Talk {
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly history: readonly HistoryEvent[]
  /** Ends the sending; resolves when every send is answered or given up. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** People in a ring, each connected with the next one, who send without pause, about so many messages a second in all. */
export const startTalk = async (url: string, count: number, perSecond = 100): Promise<Talk> => {
  const startedAt = Date.now()
  const people = createPeople(() => url)
  const history: HistoryEvent[] = []
  const users: QsmClient[] = []
  for (let index = 0; index < count; index += 1) {
    const name = newName(`user-${index}`)
    const tapped = tapArrivals((sequence, messageId) =>
      history.push({ type: 'arrived', by: name, sequence, messageId }),
    )
    const user = await people.register(name, tapped)
    user.on('request', request => request.accept())
    users.push(user)
    void (async () => {
      for await (const message of user.messages()) {
        history.push({ type: 'seen', from: message.from, by: user.username, text: message.text ?? '' })
      }
    })()
  }
  const pairs: (readonly [QsmClient, QsmClient])[] = []
  for (const [index, user] of users.entries()) {
    const next = users[(index + 1) % count] as QsmClient
    await user.connect(next.username)
    pairs.push([user, next], [next, user])
  }
  let isOver = false
  const send = async (from: QsmClient, to: QsmClient, text: string) => {
    history.push({ type: 'send-start', from: from.username, to: to.username, text })
    try {
      const { messageId } = await from.send(to.username, text)
      history.push({ type: 'acknowledged', text, messageId, at: Date.now() })
    } catch (error) {
      console.error(`a send was given up: ${error instanceof Error ? error.message : error}`)
      history.push({ type: 'given-up', text })
    }
  }
  const talking = pairs.map(async ([from, to]) => {
    for (let number = 0; !isOver; number += 1) {
      await send(from, to, `${from.username} to ${to.username}: ${number}`)
      await new Promise(resolve => setTimeout(resolve, (1_000 * pairs.length) / perSecond))
    }
  })
  return {
    startedAt,
    history,
    async stop() {
      isOver = true
      await Promise.all(talking)
    },
    close: () => people.closeAll(),
  }
}
