import { closeCodes, limits } from '@qsm/contract'
import type { Socket } from '@qsm/server-kit'

/** So much of one client is worked on at once; the rest waits in the network. */
const maxFrames = 64
const maxBytes = 8_388_608
const stallMs = 10_000

/** Does the work for frames of a client, and reads on from it only as fast as that goes. */
export interface Inflow {
  /** `bytes` is the size of the frame. */
  run(bytes: number, work: () => Promise<void>): Promise<void>
}

/** A class, since a socket that is idle pays for every closure. */
class SocketInflow implements Inflow {
  readonly #socket: Socket
  #frames = 0
  #bytes = 0
  #isPaused = false
  #timer: NodeJS.Timeout | null = null

  constructor(socket: Socket) {
    this.#socket = socket
    socket.onDrain(() => this.#adjust())
    socket.onClose(() => {
      if (this.#timer) clearTimeout(this.#timer)
    })
  }

  async run(bytes: number, work: () => Promise<void>): Promise<void> {
    this.#frames += 1
    this.#bytes += bytes
    this.#adjust()
    try {
      await work()
    } finally {
      this.#frames -= 1
      this.#bytes -= bytes
      this.#adjust()
    }
  }

  #isUnread(): boolean {
    return this.#socket.bufferedBytes >= limits.maxBufferedBytes
  }

  #watchUnread(): void {
    const before = this.#socket.bufferedBytes
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      if (!this.#isUnread()) return
      if (this.#socket.bufferedBytes < before) this.#watchUnread()
      else this.#socket.close(closeCodes.slowConsumer)
    }, stallMs).unref()
  }

  #adjust(): void {
    if (this.#isUnread()) this.#watchUnread()
    const mustPause = this.#frames >= maxFrames || this.#bytes >= maxBytes || this.#isUnread()
    if (mustPause === this.#isPaused || !this.#socket.isOpen) return
    this.#isPaused = mustPause
    if (mustPause) this.#socket.pause()
    else this.#socket.resume()
  }
}

/**
 * Pauses a socket while too many of its frames are under way, or while its client does not read the answers. Who leaves 1 MiB
 * unread for 10 s is closed with a code that lets it come back.
 */
export const createInflow = (socket: Socket): Inflow => new SocketInflow(socket)
