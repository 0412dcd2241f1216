import { limits, type ServerFrame } from '@qsm/contract'
import { frameText, type Socket } from '@qsm/server-kit'

/** Shows what may be lost to all sockets of somebody; who reads too slowly does not get it. */
export const showFrame = (sockets: Iterable<{ readonly socket: Socket }>, frame: ServerFrame): void => {
  const framed = frameText(JSON.stringify(frame))
  for (const { socket } of sockets) {
    if (socket.bufferedBytes < limits.maxBufferedBytes) socket.sendFramed(framed)
  }
}
