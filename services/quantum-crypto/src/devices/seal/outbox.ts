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
  const [row] = await scope.query<{ sealed: Buffer }>(
    'SELECT sealed FROM crypto.outbox WHERE user_id = $1 AND client_message_id = $2 AND created_at > $3',
    [scope.userId, clientMessageId, scope.now - limits.replayMemoryMs],
  )
  return row ? openJson<Sealing>(scope.dataKey, placeOf(clientMessageId), row.sealed) : null
}

/** Keeps a sealing under its id; a later one takes its place. */
export const keepSealing = async (scope: DeviceScope, clientMessageId: string, sealing: Sealing): Promise<void> => {
  await scope.query(
    `INSERT INTO crypto.outbox (user_id, client_message_id, sealed, created_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (user_id, client_message_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at`,
    [scope.userId, clientMessageId, sealJson(scope.dataKey, placeOf(clientMessageId), sealing), scope.now],
  )
}
