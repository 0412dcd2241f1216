import type { ManagedOperationInput, ManagedOperationName, managedOperations, OutputOf } from '@qsm/contract'
import { abandonAnswer, answerRequest } from './answers.js'
import { createDestroyDevice } from './device/destroy-device.js'
import { createDeviceWork, type DeviceWork } from './device/device-scope.js'
import { createEnsureDevice } from './device/ensure-device.js'
import { createEndSessions } from './end-sessions.js'
import { makePrekeys } from './make-prekeys.js'
import { makeRequest } from './own-requests.js'
import type { DeviceParts } from './parts.js'
import { read } from './read/read.js'
import { forgetMessage, takeReceipts } from './receipts.js'
import { createSealTogether } from './seal/seal-together.js'
import { sessionPeers, sessionStatus } from './sessions.js'
import { tidySessions } from './tidy.js'
import { createUserTurns } from './user-turns.js'

type InputNamed<N extends ManagedOperationName> = Extract<ManagedOperationInput, { operation: N }>
export type OutputNamed<N extends ManagedOperationName> = OutputOf<(typeof managedOperations)[N]>

/** What the managed devices of this server do, each for the user who calls. */
export interface ManagedDevices {
  run<N extends ManagedOperationName>(userId: string, input: InputNamed<N>): Promise<OutputNamed<N>>
  /** Drops what is too old to keep from the sessions of a user. */
  tidy(userId: string): Promise<void>
}

/** Operations of one user that may wait in this process. */
const maxWaiting = 256

type Runners = {
  readonly [N in ManagedOperationName]: (userId: string, input: InputNamed<N>) => Promise<OutputNamed<N>>
}

export const createManagedDevices = (parts: DeviceParts): ManagedDevices => {
  const turns = createUserTurns(maxWaiting)
  const workOn = createDeviceWork(parts)
  const onDevice: DeviceWork = (userId, work) => turns(userId, () => workOn(userId, work))
  const seal = createSealTogether(parts, workOn)
  const runners: Runners = {
    ensure_device: createEnsureDevice(parts, turns),
    make_prekeys: (userId, input) => makePrekeys(onDevice, userId, input),
    make_request: (userId, input) => onDevice(userId, scope => makeRequest(scope, input)),
    answer_request: (userId, input) => onDevice(userId, scope => answerRequest(scope, input)),
    abandon_answer: (userId, input) => onDevice(userId, scope => abandonAnswer(scope, input)),
    destroy_device: createDestroyDevice(parts, turns),
    seal: (userId, input) => turns(userId, () => seal(userId, input)),
    read: (userId, input) => onDevice(userId, scope => read(scope, input)),
    take_receipts: (userId, input) => onDevice(userId, scope => takeReceipts(scope, input)),
    forget_message: (userId, input) => onDevice(userId, scope => forgetMessage(scope, input)),
    session_status: (userId, input) => onDevice(userId, scope => sessionStatus(scope, input)),
    list_session_peers: userId => turns(userId, () => sessionPeers(parts.database.query, userId)),
    end_sessions: createEndSessions(parts, turns),
  }
  return {
    run: <N extends ManagedOperationName>(userId: string, input: InputNamed<N>) =>
      (runners[input.operation as N] as Runners[N])(userId, input),
    tidy: userId => onDevice(userId, tidySessions),
  }
}
