import { newId } from '@qsm/server-kit'
import { expect, test } from 'vitest'
import { silentLog } from '../../../tests/support/silent-log.js'
import { tellPresence } from '../src/socket/tell-presence.js'

test('contacts are told also where the statement that finds them failed for all who shared it', async () => {
  const people = Array.from({ length: 40 }, () => ({ userId: newId(), peerId: newId() }))
  let runs = 0
  const told: string[] = []
  const context = {
    log: silentLog,
    clock: { now: Date.now },
    presence: {
      enter: async () => false,
      leave: async () => {},
      online: async () => new Set(),
      onChanged: () => () => {},
    },
    bus: { publish: (hint: { user_id: string }) => told.push(hint.user_id), subscribe: () => () => {} },
    database: {
      async query(_statement: unknown, [asked]: [Buffer]) {
        runs += 1
        if (runs === 1) throw new Error('the connection broke')
        const hex = asked.toString('hex')
        const found = people.filter(({ userId }) => hex.includes(userId.replaceAll('-', '')))
        const inOrder = found.sort(
          (a, b) => hex.indexOf(a.userId.replaceAll('-', '')) - hex.indexOf(b.userId.replaceAll('-', '')),
        )
        return inOrder.map(({ peerId }, index) => ({ ix: `${index + 1}`, peers: [peerId] }))
      },
    },
  }
  const presence = tellPresence(context as never, {
    accounts: {} as never,
    open: { isOnline: () => true, ofUser: () => [] } as never,
    showFrame: () => {},
  })
  for (const { userId } of people) presence.changed(userId)
  await expect.poll(() => told.length, { timeout: 5_000 }).toBe(people.length)
  expect(new Set(told)).toEqual(new Set(people.map(({ peerId }) => peerId)))
})
