// npm run replicas [-- --json]: QSM as a cluster runs it, on this machine: two message pods, auth, quantum-crypto, Redis,
// PostgreSQL, and a balancer on PORT. What dies is started again, until Ctrl-C or SIGTERM.
import { root, setUp } from './setup.mjs'

process.chdir(root)
await setUp()
const { runReplicas } = await import('./replicas/run.mjs')
await runReplicas({ json: process.argv.includes('--json') })
