import type { MessageContext } from '../context.js'
import type { DeviceAddress } from '../devices/devices.js'
import { createKeptMap } from '../devices/kept-map.js'
import type { MailboxState } from '../mailbox/mailbox.js'
import type { ManagedOutput } from '../managed/managed-devices.js'
import { managedEntries } from './managed-entries.js'
import { responsesTo } from './own-responses.js'
import type { ThinCaller } from './thin-caller.js'

type ReadOutput = ManagedOutput<'read'>

export interface Opening {
  readonly caller: ThinCaller
  readonly device: DeviceAddress
  readonly state: MailboxState
  /** What shall be listed of what is open, at most `limit`. */
  readonly after: number
  readonly limit: number
  /** Enough when this number is open; null: when the list is full. */
  readonly upTo: number | null
}

/** What a reading has brought about, beside the list. */
export type OnOpened = (caller: ThinCaller, device: DeviceAddress, output: ReadOutput) => void

export interface Opened extends Pick<ReadOutput, 'messages' | 'next' | 'more'> {}

/**
 * Has the quantum service open the entries of a managed device's mailbox, each once and in order, and lists what is open. What
 * it has opened stays there; the entries stay until they are acknowledged.
 */
export type OpenMailbox = (opening: Opening) => Promise<Opened>

/** A longer backlog is opened by the next call. */
const maxRounds = 20
const maxKept = 50_000

export const createOpenMailbox = (context: MessageContext, onOpened: OnOpened): OpenMailbox => {
  const { database, clock, managed } = context
  /** How far mailboxes are open, as the quantum service has said last; another pod may have gone further. */
  const openedUpTo = createKeptMap<{ readonly epoch: number; readonly sequence: number }>(maxKept)

  const knownFor = ({ device, state }: Opening): number => {
    const known = openedUpTo.get(`${device.userId}/${device.deviceId}`)
    return known?.epoch === state.epoch ? known.sequence : state.acked
  }

  return async opening => {
    const { caller, device, state, after, limit, upTo } = opening
    let from = knownFor(opening)
    let responses: string[] | null = null
    for (let round = 1; ; round += 1) {
      const { entries, devices, more } = await managedEntries(database, device, from)
      const output = await managed.run(caller.accessToken, 'read', {
        ...{ epoch: state.epoch, from, entries, devices, after, limit },
        responses: responses ?? [],
        responses_complete: responses !== null,
        read_up_to: state.acked,
      })
      onOpened(caller, device, output)
      const opened = output.opened_up_to
      openedUpTo.put(`${device.userId}/${device.deviceId}`, { epoch: state.epoch, sequence: opened })
      const isAllOpen = !more && opened === (entries.at(-1)?.sequence ?? from)
      const isEnough = upTo === null ? output.more || output.messages.length >= limit : opened >= upTo
      if (isAllOpen || isEnough || round === maxRounds) {
        return { messages: output.messages, next: output.next, more: output.more || !isAllOpen }
      }
      if (output.wants_responses) responses = await responsesTo(database.query, device, null, clock.now())
      from = opened
    }
  }
}
