import type { Socket } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import type { Delivery } from './delivery.js'
import type { SocketCaller } from './tickets.js'

/** An open socket with whom it belongs to. */
export interface OpenSocket extends SocketCaller {
  readonly socket: Socket
  /** The end-to-end device of the login session; null for a thin client. */
  readonly address: DeviceAddress | null
  readonly delivery: Delivery
  /** Under which its device has it, as the database says. */
  readonly holderId: string
  /** Milliseconds since 1970. */
  readonly openedAt: number
}

const keyOf = ({ userId, deviceId }: DeviceAddress): string => `${userId}/${deviceId}`

/** The open sockets of a pod: at most one for each device, any number for a user. */
export class OpenSockets {
  readonly #byDevice = new Map<string, OpenSocket>()
  readonly #byUser = new Map<string, Set<OpenSocket>>()
  readonly #all = new Set<OpenSocket>()

  /** Returns the socket that the same device had until now. */
  add(entry: OpenSocket): OpenSocket | undefined {
    const { caller, address } = entry
    this.#all.add(entry)
    const ofUser = this.#byUser.get(caller.userId) ?? new Set()
    this.#byUser.set(caller.userId, ofUser.add(entry))
    if (!address) return undefined
    const before = this.#byDevice.get(keyOf(address))
    this.#byDevice.set(keyOf(address), entry)
    return before
  }

  remove(entry: OpenSocket): void {
    const { caller, address } = entry
    this.#all.delete(entry)
    if (address && this.#byDevice.get(keyOf(address)) === entry) this.#byDevice.delete(keyOf(address))
    const ofUser = this.#byUser.get(caller.userId)
    ofUser?.delete(entry)
    if (ofUser?.size === 0) this.#byUser.delete(caller.userId)
  }

  ofDevice(address: DeviceAddress): OpenSocket | undefined {
    return this.#byDevice.get(keyOf(address))
  }

  /** A copy: closing a socket changes what is open. */
  ofUser(userId: string): readonly OpenSocket[] {
    return [...(this.#byUser.get(userId) ?? [])]
  }

  /** The sockets of a user's thin clients, which share one mailbox. */
  thinOfUser(userId: string): readonly OpenSocket[] {
    return this.ofUser(userId).filter(({ address }) => address === null)
  }

  isOnline(userId: string): boolean {
    return this.#byUser.has(userId)
  }

  /** No generator: it would make two objects for each socket, each second. */
  all(): ReadonlySet<OpenSocket> {
    return this.#all
  }
}
