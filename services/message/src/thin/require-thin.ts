import { QsmError } from '@qsm/server-kit'
import type { Thin } from './thin.js'

const text =
  'This login session is bound to an end-to-end device, which holds its sessions itself: ask its client, or log in anew without a device.'

/** Throws `conflict` for a login session of an end-to-end device. */
export const requireThin = async (thin: Pick<Thin, 'isThin'>, sessionId: string): Promise<void> => {
  if (!(await thin.isThin(sessionId))) throw new QsmError('conflict', text)
}
