/** Which users have an open socket, on whichever pod. Worth nothing a moment later: nothing rests on it. */
export interface Presence {
  /** This pod holds sockets of the user. Resolves with whether the user was online before, on any pod. */
  enter(userId: string): Promise<boolean>
  /** This pod holds none any more. */
  leave(userId: string): Promise<void>
  /** Those of the users who are online. What cannot be asked is answered by what this pod knows. */
  online(userIds: readonly string[]): Promise<ReadonlySet<string>>
  close(): Promise<void>
}
