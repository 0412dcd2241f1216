/** A message as the application gets it. */
export interface StoredMessage {
  /** UUID that the sender drew, the same on every device and after a restart. */
  readonly id: string
  readonly from: string
  /** The other side of the conversation: the sender, or for an own message the receiver. */
  readonly peer: string
  readonly text: string
  /** By the sender's clock, ms since 1970. */
  readonly sentAt: number
  /** By the server's clock, ms since 1970. */
  readonly receivedAt: number
  /** Both signatures held under the identity key of a device that was seen at first contact or accepted since. */
  readonly verified: boolean
  /** Sealed by the server for a thin client: whoever runs the server could read it. */
  readonly managed: boolean
  /** Critical: its sender wants to know that it was read, and is told once the application is done with it. */
  readonly importance: 'normal' | 'critical'
  /** Sent from another device of this account. */
  readonly isMine: boolean
}

/** A message that is handed out. */
export interface Message extends StoredMessage {
  /** Says that the application has it for good: it does not come again, also not after a crash. */
  done(): Promise<void>
}
