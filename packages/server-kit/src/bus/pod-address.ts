import { newId } from '../ids.js'
import { randomBytes } from '../random.js'

/**
 * Ids of sockets say which pod holds them: they are UUIDs of version 8 (RFC 9562 section 5.8), made as those of version 7 with
 * the pod's own 6 bytes at the end. What stores an id of a socket knows where a hint for it must go.
 */
const form = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-([0-9a-f]{12})$/
const versionAt = 14
const addressAt = 24

/** A new address of a pod: 12 hexadecimal digits, drawn by each process for itself. */
export const newPodAddress = (): string => Buffer.from(randomBytes(6)).toString('hex')

/** A new id of a socket of the pod at `address`. */
export const socketIdAt = (address: string): string => {
  const id = newId()
  return `${id.slice(0, versionAt)}8${id.slice(versionAt + 1, addressAt)}${address}`
}

/** The address of the pod that holds the socket of this id; null where the id does not say it. */
export const podAddressOf = (socketId: string | null): string | null => (socketId && form.exec(socketId)?.[1]) || null
