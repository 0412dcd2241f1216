import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../services/standalone/bin/qsm-server.js', import.meta.url))

/** A server of its own on fresh data. Whoever kills it sees it start again on the same data. */
export const startServer = async ({ dataFolder, ports, say }) => {
  let child
  let stopping = false
  let restarts = 0

  const launch = () =>
    new Promise((resolve, reject) => {
      child = spawn(process.execPath, [program, 'start'], {
        env: {
          ...process.env,
          QSM_ENV: 'development',
          QSM_DATA_DIR: dataFolder,
          PORT: String(ports.main),
          QUANTUM_PORT: String(ports.quantum),
          ADMIN_PORT: String(ports.admin),
          LOG_LEVEL: 'error',
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let text = ''
      child.stderr.on('data', data => {
        text += data
        if (text.includes('ready;')) resolve()
      })
      child.once('exit', code => {
        reject(new Error(`the server ended with ${code}:\n${text}`))
        if (stopping) return
        restarts += 1
        say(`the server is gone (restart ${restarts}); it starts again on the same data`)
        launch().catch(error => say(error.message))
      })
    })
  await launch()
  return {
    url: `http://127.0.0.1:${ports.main}`,
    kill: () => child.kill('SIGKILL'),
    get restarts() {
      return restarts
    },
    async stop() {
      stopping = true
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}
