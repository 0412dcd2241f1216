import { wipe } from '@qsm/protocol'
import type { DataKey } from '../at-rest/data-key.js'

/** Seals a value of this service as JSON; its bytes are wiped. */
export const sealJson = (dataKey: DataKey, place: readonly (string | number)[], value: unknown): Uint8Array => {
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  try {
    return dataKey.seal(place, bytes)
  } finally {
    wipe(bytes)
  }
}

/** Throws `AtRestError` where it was changed, or does not belong here. */
export const openJson = <T>(dataKey: DataKey, place: readonly (string | number)[], sealed: Uint8Array): T => {
  const bytes = dataKey.open(place, sealed)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as T
  } finally {
    wipe(bytes)
  }
}
