// npm run replicas [-- --json] [--message-pods N] [--pgbouncer]: QSM as a cluster runs it, on this machine: message pods
// (2), auth, quantum-crypto, Redis, PostgreSQL, PgBouncer if wanted, and a balancer on PORT. What dies is started again, until
// Ctrl-C or SIGTERM.
import { parseArgs } from 'node:util'
import { root, setUp } from './setup.mjs'

process.chdir(root)
await setUp()
const { runReplicas } = await import('./replicas/run.mjs')
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    'message-pods': { type: 'string', default: '2' },
    pgbouncer: { type: 'boolean', default: false },
  },
})
await runReplicas({ json: values.json, messagePods: Number(values['message-pods']), pooler: values.pgbouncer })
