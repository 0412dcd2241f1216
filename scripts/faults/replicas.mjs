// The replicas of the fault runs: as `npm run replicas` starts them, with a PostgreSQL that remembers when each transaction
// committed.
import { root, setUp } from '../setup.mjs'

process.chdir(root)
await setUp()
const { runReplicas } = await import('../replicas/run.mjs')
await runReplicas({ json: true, postgresSettings: ['track_commit_timestamp=on'] })
