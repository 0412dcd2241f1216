import { WebSocket } from 'k6/websockets'
import { socketReadyMs, socketsDropped, socketsOpened, socketsRefused } from './metrics.js'
import { socketUrl } from './settings.js'
import type { SignedIn } from './signed-in.js'

/** A message that came; the answer to its send gives the same key for this device. */
export interface Delivered {
  readonly key: string
  readonly sequence: number
}

export interface Watching {
  onDelivered?(message: Delivered): void
  /** Any other text frame. */
  onFrame?(type: string): void
  /** It was closed or broke, and not by `close()`. */
  onDropped?(): void
}

export interface OpenSocket {
  /** What the server takes this socket for; null for a thin client without a managed device. */
  readonly deviceId: number | null
  send(frame: object): void
  close(): void
}

interface TextFrame {
  readonly type: string
  readonly device_id?: number | null
}

const deliveryType = 0x02

/** `0x02 ‖ u64 sequence ‖ …`, or a text frame of type `message`. */
const deliveredIn = (data: string | ArrayBuffer): { frame?: TextFrame; message?: Delivered } => {
  if (typeof data !== 'string') {
    const view = new DataView(data)
    if (view.getUint8(0) !== deliveryType) return {}
    const sequence = view.getUint32(1) * 2 ** 32 + view.getUint32(5)
    return { message: { key: String(sequence), sequence } }
  }
  const frame = JSON.parse(data)
  return frame.type === 'message' ? { message: { key: frame.id, sequence: frame.sequence } } : { frame }
}

/** Opens a socket; resolves when the server has said `ready`, rejects where it refuses. */
export const openSocket = async (person: SignedIn, watching: Watching): Promise<OpenSocket> => {
  const { Authorization = '' } = await person.headers()
  const begun = Date.now()
  const socket = new WebSocket(socketUrl, null, { headers: { Authorization }, tags: { name: 'socket' } })
  socket.binaryType = 'arraybuffer' as typeof socket.binaryType
  return new Promise((resolve, reject) => {
    let isReady = false
    let isClosing = false
    const opened = {
      deviceId: null as number | null,
      send: (frame: object) => socket.send(JSON.stringify(frame)),
      close: () => {
        isClosing = true
        socket.close()
      },
    }
    socket.onmessage = event => {
      const { frame, message } = deliveredIn(event?.data as string | ArrayBuffer)
      if (message) watching.onDelivered?.(message)
      if (frame && !isReady && frame.type === 'ready') {
        isReady = true
        opened.deviceId = frame.device_id ?? null
        socketsOpened.add(1)
        socketReadyMs.add(Date.now() - begun)
        resolve(opened)
      }
      if (frame) watching.onFrame?.(frame.type)
    }
    let isOver = false
    const end = () => {
      if (isOver || isClosing) return
      isOver = true
      if (!isReady) {
        socketsRefused.add(1)
        return reject(new Error(`no socket at ${socketUrl}`))
      }
      socketsDropped.add(1)
      watching.onDropped?.()
    }
    socket.onclose = end
    socket.onerror = end
  })
}
