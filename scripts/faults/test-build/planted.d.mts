/** Where a pod of the test build can be killed. */
export const points: readonly string[]
/** What can be wrong in a pod of the test build. */
export const bugs: readonly string[]
