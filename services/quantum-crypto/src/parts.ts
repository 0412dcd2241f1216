import type { Owners } from './accounts/owners.js'
import type { UserLimits } from './callers/user-limits.js'
import type { QuantumContext } from './context.js'
import type { OperationRunner } from './devices/run-operations.js'
import type { ManagedKeys } from './keys/managed-keys.js'

export type CountedOperation =
  | 'keygen'
  | 'encapsulate'
  | 'decapsulate'
  | 'wrap_sign'
  | 'wrap_verify'
  | 'encrypt'
  | 'decrypt'

/** What the routes of the quantum service work with. */
export interface QuantumParts {
  readonly context: QuantumContext
  readonly owners: Owners
  readonly keys: ManagedKeys
  readonly limits: UserLimits
  readonly runOperations: OperationRunner
  /** Counts what was done, 1 where left out. */
  count(operation: CountedOperation, times?: number): void
}
