import { readConfig } from '../config.js'
import { configurationManual } from '../config-manual.js'

/** `config check` reads the environment and says what is wrong; `config doc` prints the manual. */
export const config = async (args: readonly string[]): Promise<number> => {
  if (args[0] === 'check') {
    readConfig()
    console.log('The configuration fits.')
    return 0
  }
  if (args[0] === 'doc') {
    console.log(configurationManual().trimEnd())
    return 0
  }
  console.error('Usage: qsm-server config check|doc')
  return 2
}
