import { claimBundles, decodeBase64 } from '@qsm/contract'
import { type Algorithms, canSend, decodeBundle, startSession } from '@qsm/protocol'
import { readDevice, readOwnRecord } from '../device/own-device.js'
import { asRefused, QsmClientError } from '../errors.js'
import type { Api } from '../http/api.js'
import { idToBytes } from '../ids.js'
import type { PeerDirectory } from '../peers/learn-peer.js'
import type { Peer } from '../peers/peer.js'
import { canSendTo, putState, readState } from '../peers/peer-states.js'
import type { Store } from '../store/store.js'

/** Begins sessions by prekeys (mode A). */
export interface Starter {
  /** Begins a session with those devices of a user that have none. Throws `no_prekeys`, `blocked`. */
  start(peer: Peer, deviceIds: readonly number[]): Promise<void>
}

const noPrekeys = (username: string, deviceIds: readonly number[]): QsmClientError =>
  new QsmClientError(
    'no_prekeys',
    `${username} has put up no prekeys for device ${deviceIds.join(', ')}: nothing can be sealed to it until that client is online again.`,
    { details: { username, devices: deviceIds } },
  )

export const createStarter = (store: Store, algorithms: Algorithms, api: Api, directory: PeerDirectory): Starter => {
  const begin = (userId: string, deviceId: number, bundleText: string) =>
    store.exclusive(async transaction => {
      const address = { userId, deviceId }
      const before = await readState(transaction, address)
      if (!before || canSend(before)) return // A device that is not known, or one that began itself meanwhile.
      const local = await readDevice(transaction)
      const ownRecord = await readOwnRecord(transaction)
      const bundle = decodeBundle(decodeBase64(bundleText))
      const options = { peer: before, user: idToBytes(userId), device: deviceId, bundle }
      putState(transaction, address, await startSession(algorithms, local, ownRecord, options), before)
    })

  const startOnce = async (peer: Peer, deviceIds: readonly number[]): Promise<void> => {
    const wanted = await store.exclusive(async transaction => {
      const missing: number[] = []
      for (const deviceId of deviceIds) {
        if (!(await canSendTo(transaction, { userId: peer.userId, deviceId }))) missing.push(deviceId)
      }
      return missing
    })
    if (wanted.length === 0) return
    const answer = await api.call(claimBundles, { params: { username: peer.username }, body: { device_ids: wanted } })
    await directory.spell(peer.userId, answer.username)
    for (const { device_id, bundle } of answer.bundles) {
      await begin(peer.userId, device_id, bundle).catch((error: unknown) => {
        throw asRefused(error, `a prekey of ${peer.username}`)
      })
    }
    const got = new Set(answer.bundles.map(bundle => bundle.device_id))
    const without = wanted.filter(deviceId => !got.has(deviceId))
    if (without.length > 0) throw noPrekeys(peer.username, without)
  }

  return {
    // One at a time for a user: two would claim two prekeys for one session.
    start: (peer, deviceIds) => store.alone(`start/${peer.userId}`, () => startOnce(peer, deviceIds)),
  }
}
