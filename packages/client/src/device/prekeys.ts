import { encodeBase64, getPrekeys, putPrekeys } from '@qsm/contract'
import {
  type Algorithms,
  decodePrekeySecrets,
  encodePrekeySecrets,
  type LocalDevice,
  makePrekey,
  type PrekeyKind,
  prekeyKinds,
  prekeySupply,
  wipePrekey,
} from '@qsm/protocol'
import type { Api } from '../http/api.js'
import { takeNumbers } from '../store/counter.js'
import { keys } from '../store/keys.js'
import type { Store } from '../store/store.js'
import { getJson, putJson } from '../store/values.js'
import { readDevice } from './own-device.js'

interface StoredSupply {
  /** When the last-resort prekey was drawn. */
  readonly lastResortAt: number
}

/** Draws prekeys and keeps their private halves, before the public ones leave. Returns the records. */
const drawPrekeys = async (
  store: Store,
  algorithms: Algorithms,
  local: LocalDevice,
  wanted: readonly PrekeyKind[],
): Promise<readonly Uint8Array[]> => {
  const firstId = await store.exclusive(transaction => takeNumbers(transaction, 'prekey', wanted.length))
  const notAfter = algorithms.now() + prekeySupply.maxLifeMs
  const made: Awaited<ReturnType<typeof makePrekey>>[] = []
  // Outside of a transaction: a hundred of them take a second.
  for (const [index, kind] of wanted.entries()) {
    made.push(await makePrekey(algorithms, local, { id: firstId + index, kind, notAfter }))
  }
  await store.exclusive(async transaction => {
    for (const { secrets } of made) transaction.put(keys.prekey(secrets.id), encodePrekeySecrets(secrets))
  })
  for (const { secrets } of made) wipePrekey(secrets)
  return made.map(({ prekey }) => prekey.bytes)
}

/**
 * Keeps prekeys at the server: fills up to `wanted` where they run low, renews the last-resort one weekly
 * (docs/protocol.md section 3). One client of a store does it at a time.
 */
export const refillPrekeys = (
  store: Store,
  algorithms: Algorithms,
  api: Api,
  wanted: number = prekeySupply.oneTimeMax,
): Promise<void> =>
  store.alone('prekeys', async () => {
    const local = await store.exclusive(readDevice)
    const held = await api.call(getPrekeys, { params: { id: local.device } })
    const supply = await store.exclusive(transaction => getJson<StoredSupply>(transaction, keys.prekeySupply))
    const now = algorithms.now()
    const lastResortIsDue =
      held.last_resort === 0 || now - (supply?.lastResortAt ?? 0) >= prekeySupply.lastResortEveryMs
    const missing = held.one_time < Math.min(prekeySupply.oneTimeMin, wanted) ? wanted - held.one_time : 0
    const kinds: PrekeyKind[] = Array.from({ length: missing }, () => prekeyKinds.oneTime)
    if (lastResortIsDue) kinds.push(prekeyKinds.lastResort)
    if (kinds.length === 0) return
    const records = await drawPrekeys(store, algorithms, local, kinds)
    await api.call(putPrekeys, { params: { id: local.device }, body: { prekeys: records.map(encodeBase64) } })
    if (lastResortIsDue) {
      await store.exclusive(async transaction => putJson(transaction, keys.prekeySupply, { lastResortAt: now }))
    }
  })

/** Erases private halves of prekeys that are over. To be called once the backlog was read: it may hold their envelopes. */
export const erasePrekeys = (store: Store, now: number): Promise<void> =>
  store.exclusive(async transaction => {
    for (const [key, bytes] of await transaction.list(keys.prekeys)) {
      const secrets = decodePrekeySecrets(bytes)
      if (secrets.notAfter <= now) transaction.delete(key)
      wipePrekey(secrets)
      bytes.fill(0)
    }
  })
