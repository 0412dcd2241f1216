import {
  decodeBase64,
  encodeBase64,
  type InputOf,
  type OutputOf,
  type readMessages,
  type sealMessage,
} from '@qsm/contract'
import { encodeBundle } from '@qsm/protocol'
import { newId } from '@qsm/server-kit'
import type { RunOperation, TestDevices } from './open-devices.js'
import type { Delivery, Party, Send } from './post-office.js'

type SealInput = InputOf<typeof sealMessage>
type ReadInput = InputOf<typeof readMessages>
type ReadOutput = OutputOf<typeof readMessages>

export interface SealOptions {
  readonly clientMessageId?: string | null
  readonly type?: 'secured' | 'critical'
  readonly payload?: SealInput['payload']
  readonly responses?: readonly string[]
  readonly bundles?: SealInput['bundles']
  readonly responsesComplete?: boolean
  readonly again?: boolean
}

export const listed = (party: Party) => ({
  user_id: party.userId,
  device_id: party.deviceId,
  record: party.recordText(),
})

/** A user whose managed device is at work, with what the message service keeps of it: record, prekeys, mailbox. */
export class ManagedUser implements Party {
  readonly userId: string
  deviceId = 0
  readonly mailbox: Delivery[] = []
  openedUpTo = 0
  epoch = 1
  #record = ''
  readonly #prekeys: string[] = []
  readonly #run: RunOperation
  readonly #clock: TestDevices['clock']

  private constructor(devices: Pick<TestDevices, 'run' | 'clock'>, userId: string) {
    this.#run = devices.run
    this.#clock = devices.clock
    this.userId = userId
  }

  static async create(
    devices: Pick<TestDevices, 'run' | 'clock'>,
    { userId = newId(), prekeys = 3 }: { readonly userId?: string; readonly prekeys?: number } = {},
  ): Promise<ManagedUser> {
    const user = new ManagedUser(devices, userId)
    await user.ensure()
    if (prekeys > 0) {
      const made = await devices.run(userId, 'make_prekeys', { one_time: prekeys, last_resort: false })
      user.#prekeys.push(...made.prekeys)
    }
    return user
  }

  async ensure(unusable: readonly number[] = []): Promise<boolean> {
    const { device_id, device_record, is_new } = await this.#run(this.userId, 'ensure_device', {
      unusable_device_ids: [...unusable],
    })
    this.deviceId = device_id
    this.#record = device_record
    return is_new
  }

  recordText(): string {
    return this.#record
  }

  /** A bundle with one of the prekeys that were put up. */
  bundle(prekey: string | undefined = this.#prekeys.shift()): string {
    if (prekey === undefined) throw new Error('no prekey is left')
    return encodeBase64(encodeBundle(decodeBase64(this.#record), decodeBase64(prekey)))
  }

  deliver(delivery: Delivery): void {
    this.mailbox.push(delivery)
  }

  sealInput(targets: readonly Party[], text: string, options: SealOptions = {}): SealInput {
    const others = targets.filter(target => target.userId !== this.userId)
    return {
      client_message_id: options.clientMessageId === undefined ? newId() : options.clientMessageId,
      to_user_id: others[0]?.userId ?? '',
      payload: options.payload ?? { kind: 'text', text, message_type: options.type ?? 'secured' },
      devices: targets.map(listed),
      bundles: [...(options.bundles ?? [])],
      responses: [...(options.responses ?? [])],
      responses_complete: options.responsesComplete ?? true,
      again: options.again ?? false,
    }
  }

  seal(targets: readonly Party[], text: string, options: SealOptions = {}): Promise<OutputOf<typeof sealMessage>> {
    return this.#run(this.userId, 'seal', this.sealInput(targets, text, options))
  }

  /** Seals where every target is known to have a session. */
  async text(targets: readonly Party[], text: string, options: SealOptions = {}): Promise<readonly Send[]> {
    const { missing, sends } = await this.seal(targets, text, options)
    if (missing.length > 0) throw new Error('a session is missing')
    return sends
  }

  /** Begins a session with a device by a bundle of it, sealing a first text. */
  async begin(party: Party, bundle: string, text = 'first'): Promise<readonly Send[]> {
    const bundles = [{ user_id: party.userId, device_id: party.deviceId, bundle }]
    return this.text([party], text, { bundles })
  }

  readInput(senders: readonly Party[], options: Partial<ReadInput> = {}): ReadInput {
    const from = options.from ?? this.openedUpTo
    return {
      epoch: this.epoch,
      from,
      entries: this.mailbox.slice(from, from + 100).map((delivery, index) => ({
        sequence: from + index + 1,
        received_at: this.#clock.now(),
        message_id: delivery.messageId,
        sender_user_id: delivery.senderUserId,
        sender_device_id: delivery.senderDeviceId,
        envelope: delivery.envelope,
        body: delivery.body,
        is_note: delivery.isNote,
      })),
      devices: senders.map(listed),
      responses: [],
      responses_complete: true,
      after: 0,
      limit: 100,
      read_up_to: 0,
      ...options,
    }
  }

  async read(senders: readonly Party[], options: Partial<ReadInput> = {}): Promise<ReadOutput> {
    const result = await this.#run(this.userId, 'read', this.readInput(senders, options))
    this.openedUpTo = result.opened_up_to
    return result
  }

  /** The texts of the whole mailbox, after opening what is new. */
  async texts(senders: readonly Party[]): Promise<readonly string[]> {
    const { messages } = await this.read(senders)
    return messages.map(message => message.content)
  }
}
