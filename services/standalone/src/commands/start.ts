import { stopOnSignal } from '@qsm/server-kit'
import { readConfig } from '../config.js'
import { startStandalone } from '../start-standalone.js'

/** Runs everything until a signal comes. Progress goes to standard error, the log to standard output. */
export const start = async (): Promise<number | null> => {
  const config = readConfig()
  const begun = performance.now()
  const seconds = () => ((performance.now() - begun) / 1000).toFixed(1)
  const say = (text: string) => console.error(`qsm  ${seconds()} s  ${text}`)
  const server = await startStandalone(config, { onStep: say })
  say(
    `main application      http://${config.HOST === '127.0.0.1' ? 'localhost' : config.HOST}:${server.port}   (docs at /docs)`,
  )
  say(`quantum service       http://${config.HOST === '127.0.0.1' ? 'localhost' : config.HOST}:${server.quantumPort}`)
  say(`health and metrics    http://${config.ADMIN_HOST}:${server.adminPort}/readyz  /metrics`)
  say('ready; Ctrl-C stops')
  stopOnSignal({
    log: server.log,
    deadlineMs: (config.DRAIN_SECONDS + 10) * 1_000,
    stop: async () => {
      say('stopping')
      await server.stop()
      say('stopped')
    },
  })
  return null
}
