import * as ws from 'ws'

/** A whole WebSocket frame, ready for the network (RFC 6455 section 5.2: from a server, so unmasked). */
export interface Framed {
  readonly bytes: Uint8Array
}

interface FrameOptions {
  readonly fin: boolean
  readonly rsv1: boolean
  readonly opcode: number
  readonly mask: boolean
  readonly readOnly: boolean
}

/** The library's own writer of frames, which its types leave out. */
const { frame } = (ws as unknown as { Sender: { frame(data: Buffer, options: FrameOptions): Buffer[] } }).Sender
const textOpcode = 1

/** Frames a text once for all sockets that get it. */
export const frameText = (text: string): Framed => ({
  bytes: Buffer.concat(
    frame(Buffer.from(text), { fin: true, rsv1: false, opcode: textOpcode, mask: false, readOnly: true }),
  ),
})
