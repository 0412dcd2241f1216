import type { Caller } from '@qsm/server-kit'
import type { Devices } from '../devices/devices.js'

/** A user whose device is played by the quantum service, as a request or a socket shows it. */
export interface ThinCaller extends Pick<Caller, 'userId' | 'sessionId'> {
  /** Judged anew by the quantum service. */
  readonly accessToken: string
  /** The span of what is being done for it; left out or null where that is not traced. */
  readonly traceparent?: string | null
}

/** Whether a login session works as a thin client: it is bound to no device, or to a managed one. */
export const isThin = async (devices: Devices, sessionId: string): Promise<boolean> =>
  (await devices.isBoundToManaged(sessionId)) !== false
