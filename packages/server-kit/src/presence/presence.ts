/** Tells whoever cares that these users have come or gone. Never rejects. */
export type TellChanged = (userIds: readonly string[]) => Promise<void>

/** Which users have an open socket, on whichever pod. Worth nothing a moment later: nothing rests on it. */
export interface Presence {
  /** This pod holds sockets of the user. Resolves with whether the user was online before, on any pod. */
  enter(userId: string): Promise<boolean>
  /** This pod holds none any more. */
  leave(userId: string): Promise<void>
  /** Those of the users who are online. What cannot be asked is answered by what this pod knows. */
  online(userIds: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * `tell` is called for users who have come or gone without `enter` and `leave` of this pod: those who were online only at
   * a pod that has ended, and those of this one that come back after others had to tell that. Returns what ends it.
   */
  onChanged(tell: TellChanged): () => void
  /** This pod ends, and holds no sockets of anybody. Users need not leave before. */
  close(): Promise<void>
}
