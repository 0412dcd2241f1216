import type { Hint } from '@qsm/contract'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Bus } from '../src/index.js'

const userId = '01890a5d-ac96-774b-bcce-b302099a8057'
const mailbox = (deviceId: number): Hint => ({ kind: 'mailbox', user_id: userId, device_id: deviceId })

/**
 * What every bus does alike. `connect` gives another bus that is joined with those before, as two pods are; the bus of one
 * process gives the same one again.
 */
export const busSuite = (connect: (onError: (error: unknown) => void) => Promise<Bus>): void => {
  const errors: unknown[] = []
  let here: Bus
  let there: Bus
  beforeEach(async () => {
    errors.length = 0
    here = await connect(error => errors.push(error))
    there = await connect(error => errors.push(error))
  })
  afterEach(async () => {
    await here.close()
    await there.close()
  })
  const heardBy = (bus: Bus): number[] => {
    bus.want(userId)
    const heard: number[] = []
    bus.subscribe('mailbox', hint => heard.push(hint.device_id))
    return heard
  }

  it('carries a hint to all who subscribed to its kind, here and there', async () => {
    const [first, second, elsewhere] = [heardBy(here), heardBy(here), heardBy(there)]
    let others = 0
    here.subscribe('account-events', () => {
      others += 1
    })
    here.publish(mailbox(1))
    await vi.waitFor(() => expect([first, second, elsewhere]).toEqual([[1], [1], [1]]))
    expect(others).toBe(0)
  })

  it('calls handlers later than publish, in the order of publishing', async () => {
    const heard = heardBy(here)
    for (const deviceId of [1, 2, 3]) here.publish(mailbox(deviceId))
    expect(heard).toEqual([])
    await vi.waitFor(() => expect(heard).toEqual([1, 2, 3]))
  })

  it('calls nobody who has unsubscribed, also when the hint is under way', async () => {
    const heard: number[] = []
    const stop = here.subscribe('mailbox', hint => heard.push(hint.device_id))
    const after = heardBy(here)
    here.publish(mailbox(1))
    stop()
    await vi.waitFor(() => expect(after).toEqual([1]))
    expect(heard).toEqual([])
  })

  it('goes on after a handler that fails, and tells of it', async () => {
    here.subscribe('mailbox', () => {
      throw new Error('a handler failed')
    })
    const heard = heardBy(here)
    here.publish(mailbox(1))
    here.publish(mailbox(2))
    await vi.waitFor(() => expect(heard).toEqual([1, 2]))
    expect(errors.map(String)).toEqual(['Error: a handler failed', 'Error: a handler failed'])
  })

  it('lets handlers publish', async () => {
    const heard = heardBy(here)
    const stop = here.subscribe('mailbox', hint => {
      if (hint.device_id < 3) here.publish(mailbox(hint.device_id + 1))
    })
    here.publish(mailbox(1))
    await vi.waitFor(() => expect(heard).toEqual([1, 2, 3]))
    stop()
  })

  it('refuses what is no hint', () => {
    expect(() => here.publish({ kind: 'mailbox', user_id: 'x', device_id: 1 })).toThrow()
    expect(() => here.publish({ kind: 'mailbox', user_id: userId, device_id: 1, text: 'x' } as Hint)).toThrow()
    expect(() => here.publish({ kind: 'other' } as unknown as Hint)).toThrow()
  })

  it('is silent when it is closed', async () => {
    const heard = heardBy(here)
    const elsewhere = heardBy(there)
    here.publish(mailbox(1))
    await vi.waitFor(() => expect(elsewhere).toEqual([1]))
    heard.length = 0
    await here.close()
    here.publish(mailbox(2))
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    expect(heard).toEqual([])
  })
}
