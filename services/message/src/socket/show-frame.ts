import { limits, type ServerFrame } from '@qsm/contract'
import { frameText, type Metrics, type Socket } from '@qsm/server-kit'

type PassingFrame = Extract<ServerFrame, { readonly type: 'typing' | 'presence' | 'receipt' }>

/** Shows what may be lost to all sockets of somebody; who reads too slowly does not get it. */
export type ShowFrame = (sockets: Iterable<{ readonly socket: Socket }>, frame: PassingFrame) => void

/** Counts by kind what a socket with 1 MiB unread does not get. */
export const createShowFrame = (metrics: Metrics): ShowFrame => {
  const dropped = metrics.counter({
    name: 'qsm_ws_frames_dropped_total',
    help: 'Typing, presence and receipt frames that a slow socket did not get, by kind.',
    labelNames: ['kind'],
  })
  return (sockets, frame) => {
    const framed = frameText(JSON.stringify(frame))
    for (const { socket } of sockets) {
      if (socket.bufferedBytes < limits.maxBufferedBytes) socket.sendFramed(framed)
      else dropped.inc({ kind: frame.type })
    }
  }
}
