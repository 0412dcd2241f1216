import { expect, test } from 'vitest'
import { createMemoryBus } from '../src/bus/memory-bus.js'
import { atEndOfTurn, withinEndOfTurn } from '../src/socket/end-of-turn.js'

const nextImmediate = () => new Promise<void>(resolve => setImmediate(resolve))

test('what is left for the end of a turn runs once, after this code and before the next turn', async () => {
  const order: string[] = []
  atEndOfTurn(() => order.push('first'))
  atEndOfTurn(() => order.push('second'))
  order.push('code')
  await nextImmediate()
  expect(order).toEqual(['code', 'first', 'second'])
  await nextImmediate()
  expect(order).toHaveLength(3)
})

test('work at the end of a turn leaves nothing for the next one, also where it fails', async () => {
  const order: string[] = []
  const work = () => {
    atEndOfTurn(() => order.push('left'))
    order.push('work')
  }
  withinEndOfTurn(work)
  expect(order).toEqual(['work', 'left'])
  const failing = () => {
    work()
    throw new Error('no')
  }
  expect(() => withinEndOfTurn(failing)).toThrow('no')
  expect(order).toEqual(['work', 'left', 'work', 'left'])
  await nextImmediate()
  expect(order).toHaveLength(4)
})

test('what a hint makes sockets write leaves in the turn in which the hint is handed out', async () => {
  const bus = createMemoryBus()
  const order: string[] = []
  bus.subscribe('mailbox', () => atEndOfTurn(() => order.push('written')))
  bus.publish({ kind: 'mailbox', user_id: '01890000-0000-7000-8000-000000000000', device_id: 1, sequence: 1 })
  setImmediate(() => order.push('next'))
  await nextImmediate()
  expect(order).toEqual(['written', 'next'])
  await bus.close()
})
