import { closeCodes, limits } from '@qsm/contract'
import type { Socket } from '@qsm/server-kit'

/** So much of one client is worked on at once; the rest waits in the network. */
const maxFrames = 64
const maxBytes = 8_388_608
const stallMs = 10_000

/** Does the work for frames of a client, and reads on from it only as fast as that goes. */
export interface Inflow {
  run(bytes: number, work: () => Promise<void>): Promise<void>
}

/**
 * Pauses a socket while too many of its frames are under way, or while its client does not read the answers. Who leaves 1 MiB
 * unread for 10 s is closed with a code that lets it come back.
 */
export const createInflow = (socket: Socket): Inflow => {
  let frames = 0
  let bytes = 0
  let isPaused = false
  let timer: NodeJS.Timeout | null = null

  const isUnread = () => socket.bufferedBytes >= limits.maxBufferedBytes
  const watchUnread = () => {
    const before = socket.bufferedBytes
    timer ??= setTimeout(() => {
      timer = null
      if (!isUnread()) return
      if (socket.bufferedBytes < before) watchUnread()
      else socket.close(closeCodes.slowConsumer)
    }, stallMs).unref()
  }
  const adjust = () => {
    if (isUnread()) watchUnread()
    const mustPause = frames >= maxFrames || bytes >= maxBytes || isUnread()
    if (mustPause === isPaused || !socket.isOpen) return
    isPaused = mustPause
    if (isPaused) socket.pause()
    else socket.resume()
  }
  socket.onDrain(adjust)
  socket.onClose(() => {
    if (timer) clearTimeout(timer)
  })

  return {
    async run(size, work) {
      frames += 1
      bytes += size
      adjust()
      try {
        await work()
      } finally {
        frames -= 1
        bytes -= size
        adjust()
      }
    },
  }
}
