/** What `qsm-server doctor` says of one part. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}
