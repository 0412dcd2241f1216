import type { Replicas } from '../../tests/support/replicas.js'

/** Something that goes wrong while people talk. */
export interface Fault<R = Replicas> {
  readonly name: string
  /** In the long form. */
  readonly times: number
  act(replicas: R): Promise<void>
}
