import { closeCodes, standardCloseCodes } from '@qsm/contract'
import type { Metrics } from '../metrics/registry.js'

export interface SocketCounts {
  closed(code: number): void
  /** This server said goodbye, for this reason. */
  toldToClose(reason: string): void
  /** An upgrade that was refused, by the code of its error. */
  refused(code: string): void
}

const knownCodes = new Set([...Object.values(closeCodes), ...standardCloseCodes].map(({ code }) => code))

/** Counts how sockets end, and which are not let in; shows how many there may be. */
export const countSockets = (metrics: Metrics | undefined, maxSockets: number): SocketCounts => {
  metrics?.gauge({
    name: 'qsm_ws_connections_max',
    help: 'The most open sockets that this server takes (MAX_SOCKETS).',
    collect: () => maxSockets,
  })
  const closed = metrics?.counter({
    name: 'qsm_ws_closed_total',
    help: 'Closed sockets, by close code.',
    labelNames: ['code'],
  })
  const toldToClose = metrics?.counter({
    name: 'qsm_ws_told_to_close_total',
    help: 'Sockets that this server told to close, by reason of the close code.',
    labelNames: ['reason'],
  })
  const refused = metrics?.counter({
    name: 'qsm_ws_refused_total',
    help: 'Refused upgrades, by error code.',
    labelNames: ['code'],
  })
  return {
    // Clients may send any number; the label must not be theirs to choose.
    closed: code => closed?.inc({ code: knownCodes.has(code) ? code : 'other' }),
    toldToClose: reason => toldToClose?.inc({ reason }),
    refused: code => refused?.inc({ code }),
  }
}
