import type { DeviceAddress } from '../devices/devices.js'
import type { Entry } from './pages.js'

type Listener = (address: DeviceAddress, entry: Entry) => void

/**
 * Hands entries that this pod has just committed to its own sockets, with their content: what was stored here need not be
 * read again. A shortcut only: whoever hears nothing reads the mailbox, as sockets of other pods do.
 */
export class Arrivals {
  #listener: Listener = () => {}

  listen(listener: Listener): void {
    this.#listener = listener
  }

  tell(address: DeviceAddress, entry: Entry): void {
    this.#listener(address, entry)
  }
}
