/** What runs in a process: everything, the main application, or the quantum service. */
export type ProcessPart = 'all' | 'main' | 'quantum'

/** A service that runs alone. */
export type PodName = 'auth' | 'message' | 'quantum-crypto'

/** What a command of qsm-server is for: a process or a pod. */
export type Target = ProcessPart | PodName
