import { type ClaimedBundle, decodeBase64, encodeBase64, type ListedDevice, type SealedSend } from '@qsm/contract'
import { QsmError } from '@qsm/server-kit'
import { claimBundles } from '../bundles/claim-bundles.js'
import type { ClaimLimits } from '../bundles/claim-limits.js'
import { announceConnection } from '../connections/announce.js'
import type { MessageContext } from '../context.js'
import type { DeviceAddress } from '../devices/devices.js'
import type { ManagedInput } from '../managed/managed-devices.js'
import type { Send } from '../send/send.js'
import { createListedDevices } from './listed-devices.js'
import { responsesTo } from './own-responses.js'
import type { ThinCaller } from './thin-caller.js'

export interface Sealing {
  readonly caller: ThinCaller
  /** The managed device of the caller. */
  readonly device: DeviceAddress
  readonly peerId: string
  readonly payload: ManagedInput<'seal'>['payload']
  readonly clientMessageId: string | null
  /** Only for those devices with which there is a session; none is begun for it. */
  readonly isToSome: boolean
  /** The active devices of both, where they were looked up a moment ago; null or left out where they were not. */
  readonly listed?: readonly ListedDevice[] | null
}

/** The last send of a payload as it was stored. */
export interface SealedAndStored {
  readonly messageId: string
  /** Milliseconds since 1970. */
  readonly receivedAt: number
}

/**
 * Has a payload sealed and stores it by the way that every send takes. Begins missing sessions by the answers to own requests,
 * then by prekeys. Null where it was to go to some devices and there is no session with any of the peer's. Throws what a send
 * throws, and `conflict` where a device cannot be reached.
 */
export type SealAndStore = (sealing: Sealing) => Promise<SealedAndStored | null>

/** Devices come and go while this works; each round is one look at them, one way to begin sessions, or one sealing. */
const maxRounds = 10

type Addressed = Pick<ListedDevice, 'user_id' | 'device_id'>
const nameOf = ({ user_id, device_id }: Addressed): string => `${user_id}/${device_id}`

const conflict = (text: string): QsmError => new QsmError('conflict', text)

const hasCode = (error: unknown, code: QsmError['code']): boolean => error instanceof QsmError && error.code === code

/** What has been found out in the rounds so far. */
interface Progress {
  /** Those to requests of the caller to the peer; null before they were asked for. */
  readonly responses: readonly string[] | null
  readonly bundles: readonly ClaimedBundle[]
  /** Devices without a session, which are left out. */
  readonly skipped: ReadonlySet<string>
  /** Nothing was stored of what was sealed before. */
  readonly again: boolean
}

const atFirst: Progress = { responses: null, bundles: [], skipped: new Set(), again: false }

export const createSealAndStore = (options: {
  readonly context: MessageContext
  readonly claimLimits: ClaimLimits
  readonly send: Send
}): SealAndStore => {
  const { context, claimLimits, send } = options
  const { database, clock, managed } = context
  const listedDevicesOf = createListedDevices(database, clock)

  const claim = async (userId: string, targetId: string, deviceIds: readonly number[]): Promise<ClaimedBundle[]> => {
    await claimLimits.take(userId, targetId)
    const now = clock.now()
    const request = { callerId: userId, targetId, deviceIds, exceptDeviceId: null, now }
    const { bundles, isStarted } = await claimBundles(database, request)
    if (isStarted) announceConnection(context.bus, userId, targetId, null)
    const bundleOf = new Map(bundles.map(({ deviceId, bundle }) => [deviceId, bundle]))
    return deviceIds.map(deviceId => {
      const bundle = bundleOf.get(deviceId)
      if (bundle) return { user_id: targetId, device_id: deviceId, bundle: encodeBase64(bundle) }
      const whose = targetId === userId ? 'Your own' : "The receiver's"
      throw conflict(
        `${whose} device ${deviceId} has put up no prekeys: nothing can be sealed for it until its client was online.`,
      )
    })
  }

  /** Begins the sessions that are missing by prekeys, or leaves their devices out. */
  const supply = async (
    { caller, isToSome }: Sealing,
    missing: readonly Addressed[],
    progress: Progress,
  ): Promise<Progress> => {
    if (isToSome) return { ...progress, skipped: new Set([...progress.skipped, ...missing.map(nameOf)]) }
    const byUser = new Map<string, number[]>()
    for (const { user_id, device_id } of missing) byUser.set(user_id, [...(byUser.get(user_id) ?? []), device_id])
    const bundles: ClaimedBundle[] = []
    for (const [targetId, deviceIds] of byUser) bundles.push(...(await claim(caller.userId, targetId, deviceIds)))
    return { ...progress, bundles }
  }

  const store = async (
    { caller, device, isToSome }: Sealing,
    sends: readonly SealedSend[],
  ): Promise<SealedAndStored | null> => {
    let last: SealedAndStored | null = null
    for (const { message_id: messageId, envelopes, body, note } of sends) {
      const { receivedAt } = await send({
        sender: device,
        messageId,
        envelopes: envelopes.map(decodeBase64),
        body: body === null ? null : decodeBase64(body),
        traceparent: caller.traceparent ?? null,
        managed: { note: note === null ? null : decodeBase64(note), isToSome },
      })
      last = { messageId, receivedAt }
    }
    return last
  }

  return async sealing => {
    const { caller, device, peerId, payload } = sealing
    let progress = atFirst
    for (let round = 0; round < maxRounds; round += 1) {
      const known = round === 0 ? sealing.listed : null
      const listed = known ?? (await listedDevicesOf([caller.userId, peerId]))
      const devices = listed.filter(one => one.device_id !== device.deviceId || one.user_id !== device.userId)
      const targets = devices.filter(one => !progress.skipped.has(nameOf(one)))
      if (!targets.some(({ user_id }) => user_id === peerId)) {
        if (sealing.isToSome) return null
        throw conflict('The receiver has no device just now: nothing can be sealed until one is there again.')
      }
      const { wants_responses, missing, sends } = await managed.run(caller.accessToken, 'seal', {
        client_message_id: sealing.clientMessageId,
        to_user_id: peerId,
        payload,
        devices: targets,
        bundles: [...progress.bundles],
        responses: [...(progress.responses ?? [])],
        responses_complete: progress.responses !== null,
        again: progress.again,
      })
      if (wants_responses) {
        progress = { ...progress, responses: await responsesTo(database.query, device, [peerId], clock.now()) }
        continue
      }
      if (missing.length > 0) {
        progress = await supply(sealing, missing, progress)
        continue
      }
      try {
        return await store(sealing, sends)
      } catch (error) {
        if (!hasCode(error, 'device_mismatch')) throw error
        progress = { ...atFirst, again: true }
      }
    }
    throw conflict('The devices of the two of you change just now: try again in a moment.')
  }
}
