/** An envelope as the server handed it out. */
export interface Delivered {
  /** Its place in the mailbox. */
  readonly sequence: number
  /** By the server's clock, ms since 1970. */
  readonly receivedAt: number
  readonly envelope: Uint8Array
  readonly body: Uint8Array | null
}
