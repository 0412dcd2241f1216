import type { SealedSend } from '@qsm/contract'
import { limits } from '@qsm/contract'
import type { DeviceScope } from '../device/device-scope.js'
import { openJson, sealJson } from '../sealed-json.js'

/** What was sealed under an id of the client. */
interface Sealing {
  /** Hex. */
  readonly payloadSha256: string
  readonly sends: readonly SealedSend[]
}

const placeOf = (clientMessageId: string) => ['outbox', clientMessageId] as const

/** The earlier sealing under this id, of the last 25 hours. */
export const readSealing = async (scope: DeviceScope, clientMessageId: string): Promise<Sealing | null> => {
  const sealed = await scope.tables.findSealing(clientMessageId, scope.now - limits.replayMemoryMs)
  return sealed ? openJson<Sealing>(scope.dataKey, placeOf(clientMessageId), sealed) : null
}

/** Keeps a sealing under its id; a later one takes its place. */
export const keepSealing = async (scope: DeviceScope, clientMessageId: string, sealing: Sealing): Promise<void> => {
  const sealed = sealJson(scope.dataKey, placeOf(clientMessageId), sealing)
  await scope.tables.storeSealing(clientMessageId, sealed, scope.now)
}
