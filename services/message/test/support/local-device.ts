import { randomInt } from 'node:crypto'
import {
  type Algorithms,
  type LocalDevice,
  makeDeviceRecord,
  makePrekey,
  makeRequest,
  type PrekeyKind,
  type RequestSecrets,
  respond,
  suiteDefault,
} from '@qsm/protocol'
import { type Clock, createNodeClassical, idToBytes, newId, randomBytes } from '@qsm/server-kit'
import { loadPostQuantum } from '@qsm/wasm'

export const algorithmsOf = async (clock: Clock): Promise<Algorithms> => {
  const { kem, signer } = await loadPostQuantum()
  return { kem, signer, classical: createNodeClassical(), randomBytes, now: () => clock.now() }
}

/** A device as its client holds it, with what it makes for the server. */
export interface TestDevice {
  readonly local: LocalDevice
  readonly deviceId: number
  /** A freshly signed DeviceRecord; each is a millisecond newer than the one before, or as stated. */
  record(times?: { readonly createdAt?: number; readonly expiresAt?: number }): Promise<Uint8Array>
  prekey(id: number, kind: PrekeyKind, notAfter?: number): Promise<Uint8Array>
  request(
    toUserId: string,
    options?: { readonly requestId?: string; readonly lifeMs?: number },
  ): Promise<RequestSecrets>
  /** The Response that accepts a Request. */
  respond(request: Uint8Array): Promise<Uint8Array>
}

const dayMs = 86_400_000

/** A device of a user; what is not given is drawn. */
export const createDevice = async (
  algorithms: Algorithms,
  userId: string,
  given: Partial<LocalDevice> = {},
): Promise<TestDevice> => {
  const local: LocalDevice = {
    falcon: given.falcon ?? (await algorithms.signer.generateKeyPair()),
    ecdsa: given.ecdsa ?? (await algorithms.classical.generateP256()),
    user: idToBytes(userId),
    device: randomInt(1, 0x1_0000_0000),
    suite: suiteDefault,
    suites: [suiteDefault],
    managed: false,
    ...given,
  }
  let last = 0
  const makeRecord = (times: { readonly createdAt?: number; readonly expiresAt?: number } = {}) => {
    last = Math.max(algorithms.now(), last + 1)
    return makeDeviceRecord(algorithms, local, { createdAt: last, expiresAt: 0, ...times })
  }
  return {
    local,
    deviceId: local.device,
    record: async times => (await makeRecord(times)).bytes,
    async prekey(id, kind, notAfter = algorithms.now() + 20 * dayMs) {
      // The own side would not make one that lives too long; the server has to refuse it all the same.
      const anyTime = { ...algorithms, now: () => notAfter - 1 }
      return (await makePrekey(anyTime, local, { id, kind, notAfter })).prekey.bytes
    },
    async request(toUserId, { requestId = newId(), lifeMs } = {}) {
      const options = { requestId: idToBytes(requestId), toUser: idToBytes(toUserId) }
      return makeRequest(algorithms, local, await makeRecord(), { ...options, ...(lifeMs ? { lifeMs } : {}) })
    },
    respond: async request => (await respond(algorithms, local, await makeRecord(), request)).response,
  }
}
