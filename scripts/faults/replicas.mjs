// The replicas of the fault runs: as `npm run replicas` starts them, with a PostgreSQL that remembers when each transaction
// committed; and with the test build of the message pod, where there is a folder by which it is controlled.
import { root, setUp } from '../setup.mjs'
import { makeTestBuild } from './test-build/build.mjs'

process.chdir(root)
await setUp()
const { runReplicas } = await import('../replicas/run.mjs')
await runReplicas({
  json: true,
  postgresSettings: ['track_commit_timestamp=on'],
  ...(process.env.QSM_TEST_CONTROL && { messageProgram: `${makeTestBuild()}/dist/src/main.js` }),
})
