import { decodeBase64 } from '@qsm/contract'
import { prekeySupply } from '@qsm/protocol'
import { QsmError } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import type { DeviceAddress, Devices } from '../devices/devices.js'
import { createKeptMap } from '../devices/kept-map.js'
import type { ManagedDevices } from '../managed/managed-devices.js'
import { countPrekeys } from '../prekeys/count-prekeys.js'
import { putPrekeys } from '../prekeys/put-prekeys.js'
import type { Background } from './background.js'
import type { ThinCaller } from './thin-caller.js'

/** Keeps prekeys of managed devices at the server, as an end-to-end client does for its own. */
export interface PrekeySupply {
  /** The first few of a new device, for which its user waits; the rest follows. */
  begin(caller: ThinCaller, device: DeviceAddress): Promise<void>
  /** Looks in the background whether they run low or the last-resort one is old; now and then only, unless `isUrgent`. */
  check(caller: ThinCaller, device: DeviceAddress, isUrgent?: boolean): void
}

const firstOneTime = 4
const fillUpTo = 60
const checkEveryMs = 600_000
const maxKept = 50_000

/** Within a week of its making the last-resort prekey is not renewed. */
const isLastResortDue = async ({ database, clock }: MessageContext, { userId, deviceId }: DeviceAddress) => {
  const freshUntil = clock.now() + prekeySupply.maxLifeMs - prekeySupply.lastResortEveryMs
  const fresh = await database.query(
    'SELECT 1 FROM message.prekey WHERE user_id = $1 AND device_id = $2 AND kind = 2 AND not_after > $3',
    [userId, deviceId, freshUntil],
  )
  return fresh.length === 0
}

export const createPrekeySupply = (context: MessageContext, devices: Devices, background: Background): PrekeySupply => {
  const { database, clock, managed } = context
  const checkedAt = createKeptMap<number>(maxKept)
  const running = new Set<string>()

  const make = async (
    run: ManagedDevices['run'],
    { accessToken }: ThinCaller,
    device: DeviceAddress,
    wanted: { readonly one_time: number; readonly last_resort: boolean },
  ): Promise<void> => {
    const { prekeys } = await run(accessToken, 'make_prekeys', wanted)
    const owner = await devices.record(device)
    if (!owner) throw new QsmError('device_required')
    await putPrekeys(context, device, owner, prekeys.map(decodeBase64))
  }

  const fill = async (caller: ThinCaller, device: DeviceAddress): Promise<void> => {
    const held = await countPrekeys(database.query, device, clock.now())
    if (!held) return
    const one_time = held.one_time < prekeySupply.oneTimeMin ? fillUpTo - held.one_time : 0
    const last_resort = await isLastResortDue(context, device)
    if (one_time > 0 || last_resort) await make(managed.runLong, caller, device, { one_time, last_resort })
  }

  return {
    async begin(caller, device) {
      const held = await countPrekeys(database.query, device, clock.now())
      if (held && held.one_time + held.last_resort > 0) return
      await make(managed.run, caller, device, { one_time: firstOneTime, last_resort: true })
    },
    check(caller, device, isUrgent = false) {
      const { userId } = caller
      const isRecent = clock.now() - (checkedAt.get(userId) ?? Number.NEGATIVE_INFINITY) < checkEveryMs
      if (running.has(userId) || (isRecent && !isUrgent)) return
      running.add(userId)
      void background
        .run('prekeys of a managed device were not filled up', async () => {
          await fill(caller, device)
          checkedAt.put(userId, clock.now())
        })
        .finally(() => running.delete(userId))
    },
  }
}
