import { type makePrekeys as contract, encodeBase64, type InputOf, type OutputOf } from '@qsm/contract'
import { makePrekey, type PrekeyKind, prekeyKinds, prekeySupply, wipePrekey } from '@qsm/protocol'
import type { DeviceScope, DeviceWork } from './device/device-scope.js'
import { insertPrekeys } from './stored-prekeys.js'

/** Drawn in one turn, so that a message of the user does not wait for a hundred signatures. */
const drawnAtOnce = 10

/** Draws them beside each other, since workers sign. Where one fails none is kept: all are waited for and wiped. */
const drawAll = async (scope: DeviceScope, kinds: readonly PrekeyKind[]) => {
  const { algorithms, local, row, now } = scope
  const notAfter = now + prekeySupply.maxLifeMs
  const results = await Promise.allSettled(
    // The time is the scope's: a clock that goes on would make a prekey that lives too long.
    kinds.map((kind, index) =>
      makePrekey({ ...algorithms, now: () => now }, local, { id: row.nextPrekeyId + index, kind, notAfter }),
    ),
  )
  const drawn = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find(result => result.status === 'rejected')
  if (!failed) return drawn
  for (const { secrets } of drawn) wipePrekey(secrets)
  throw failed.reason
}

/** Draws prekeys under the next ids and stores their private halves, in one transaction. Returns the signed records. */
const draw = async (scope: DeviceScope, kinds: readonly PrekeyKind[]): Promise<readonly string[]> => {
  const drawn = await drawAll(scope, kinds)
  await scope.query('UPDATE crypto.device SET next_prekey_id = next_prekey_id + $2 WHERE user_id = $1', [
    scope.userId,
    kinds.length,
  ])
  await insertPrekeys(
    scope,
    drawn.map(({ secrets }) => secrets),
  )
  return drawn.map(({ prekey }) => encodeBase64(prekey.bytes))
}

/**
 * Prekeys to put up for others. Ids are never used again; a last-resort prekey takes the place of the last one at the
 * message service, and the private halves of both stay until their notAfter.
 */
export const makePrekeys = async (
  onDevice: DeviceWork,
  userId: string,
  input: InputOf<typeof contract>,
): Promise<OutputOf<typeof contract>> => {
  const kinds: PrekeyKind[] = Array.from({ length: input.one_time }, () => prekeyKinds.oneTime)
  if (input.last_resort) kinds.unshift(prekeyKinds.lastResort)
  const prekeys: string[] = []
  while (kinds.length > 0) {
    const next = kinds.splice(0, drawnAtOnce)
    prekeys.push(...(await onDevice(userId, scope => draw(scope, next))))
  }
  return { prekeys }
}
