// npm start [-- ARGUMENTS]: sets up what is not, then runs the server in this process. package.json starts it by "exec",
// so that npm hands signals to the server and not to a shell between them.
import { root, setUp } from './setup.mjs'

const parent = process.ppid

/** npm that is killed outright hands on no signal; its server is not to live on unseen. */
const stopWithNpm = () => {
  if (process.env.npm_lifecycle_event !== 'start') return
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, 250)
  timer.unref()
}

process.chdir(root)
await setUp()
stopWithNpm()
process.argv.splice(2, 0, 'start')
await import('../services/standalone/bin/qsm-server.js')
