import { setImmediate as nextTurn } from 'node:timers/promises'
import { limits } from '@qsm/contract'
import { acceptPrekey, type DeviceRecord, decodePrekey, type Prekey, prekeyKinds, prekeySupply } from '@qsm/protocol'
import type { Verifier } from '../context.js'
import { judgeRecord, recordRefused } from '../records/refuse-record.js'

/** Two signatures each, on the event loop: others get their turn between these many. */
const recordsPerTurn = 8

const judge = async (verifier: Verifier, owner: DeviceRecord, bytes: Uint8Array, field: string): Promise<Prekey> => {
  const prekey = decodePrekey(bytes)
  const isLastResort = prekey.kind === prekeyKinds.lastResort
  if (isLastResort && prekey.notAfter > verifier.now() + prekeySupply.maxLifeMs + limits.recordSkewMs) {
    throw recordRefused(field, 'notAfter of a last-resort prekey must be at most 30 days ahead.')
  }
  await acceptPrekey(verifier, prekey, owner)
  return prekey
}

/** Prekeys that a device hands in, verified: each id once, at most one last-resort. Throws `record_refused`. */
export const judgePrekeys = async (
  verifier: Verifier,
  owner: DeviceRecord,
  records: readonly Uint8Array[],
): Promise<readonly Prekey[]> => {
  const prekeys: Prekey[] = []
  for (const [index, bytes] of records.entries()) {
    const field = `prekeys[${index}]`
    const prekey = await judgeRecord(field, () => judge(verifier, owner, bytes, field))
    if (prekeys.some(other => other.id === prekey.id)) throw recordRefused(field, `the id ${prekey.id} comes twice.`)
    prekeys.push(prekey)
    if (index % recordsPerTurn === recordsPerTurn - 1) await nextTurn()
  }
  if (prekeys.filter(prekey => prekey.kind === prekeyKinds.lastResort).length > 1) {
    throw recordRefused('prekeys', 'at most one last-resort prekey.')
  }
  return prekeys
}
