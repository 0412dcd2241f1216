/** One device of one user. */
export interface Address {
  readonly userId: string
  readonly deviceId: number
}
