// npm start [-- ARGUMENTS]: sets up what is not, then runs the server in this process.
import { root, setUp } from './setup.mjs'

process.chdir(root)
await setUp()
process.argv.splice(2, 0, 'start')
await import('../services/standalone/bin/qsm-server.js')
