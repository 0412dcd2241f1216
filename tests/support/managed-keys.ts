import { decodeLocalDevice } from '@qsm/protocol'
import { openDataKey } from '../../services/quantum-crypto/src/at-rest/data-key.js'
import type { KeyEncryptionKey } from '../../services/quantum-crypto/src/at-rest/key-encryption-key.js'
import { createLocalKek, type LocalKek } from '../../services/quantum-crypto/src/at-rest/local-kek.js'
import { deviceKeyOwner, keysPlace } from '../../services/quantum-crypto/src/devices/device/device-row.js'
import type { Canary } from './canaries.js'
import type { Replicas } from './replicas.js'

interface Row {
  readonly user_id: string
  readonly device_id: string
  readonly key_id: string
  readonly kek_id: string
  readonly wrapped_key: Buffer
  readonly keys: Buffer
}

/** The data keys and private keys of all managed devices, opened with the key-encryption key as the service does. */
export const managedKeys = async ({ sql }: Pick<Replicas, 'sql'>, local: LocalKek): Promise<readonly Canary[]> => {
  const canaries: Canary[] = []
  const opening = createLocalKek([local])
  const kek: KeyEncryptionKey = {
    ...opening,
    async unwrap(wrapped, context) {
      const bytes = await opening.unwrap(wrapped, context)
      canaries.push({ name: 'data key', bytes: bytes.slice() })
      return bytes
    },
  }
  const rows = await sql<Row>('SELECT user_id, device_id, key_id, kek_id, wrapped_key, keys FROM crypto.device')
  for (const row of rows) {
    const owner = deviceKeyOwner({ keyId: row.key_id, userId: row.user_id })
    const dataKey = await openDataKey(kek, owner, { kekId: row.kek_id, wrapped: row.wrapped_key })
    const device = decodeLocalDevice(dataKey.open(keysPlace({ deviceId: Number(row.device_id) }), row.keys))
    canaries.push(
      { name: 'Falcon key of a managed device', bytes: device.falcon.secretKey },
      { name: 'ECDSA key of a managed device', bytes: device.ecdsa.secretKey },
    )
  }
  return canaries
}
