import { QsmError } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import type { ManagedDeviceOf } from './managed-device.js'
import type { PrekeySupply } from './prekey-supply.js'
import type { ThinCaller } from './thin-caller.js'

/** Does work as the managed device of a caller, which is made where it is needed for the first time. */
export type AsDevice = <T>(caller: ThinCaller, work: (device: DeviceAddress) => Promise<T>) => Promise<T>

const isDeviceGone = (error: unknown): boolean => error instanceof QsmError && error.code === 'device_required'

/**
 * Where the device turns out to be gone on one of the two sides (removed a moment ago, its keys lost) it is shown or made anew,
 * and the work is done once more.
 */
export const createAsDevice = (managedDevice: ManagedDeviceOf, supply: PrekeySupply): AsDevice => {
  const makeReady = async (caller: ThinCaller): Promise<DeviceAddress> => {
    const device = await managedDevice.present(caller)
    await supply.begin(caller, device)
    return device
  }
  return async (caller, work) => {
    const found = await managedDevice.find(caller.userId)
    const device = found ?? (await makeReady(caller))
    supply.check(caller, device)
    try {
      return await work(device)
    } catch (error) {
      if (!isDeviceGone(error)) throw error
      managedDevice.forget(caller.userId)
      return work(await makeReady(caller))
    }
  }
}
