import { readConfig } from '../config.js'
import { configurationManual } from '../config-manual.js'
import type { ProcessPart } from '../schemas.js'

/** `config check`: reads the environment of a process and says what is wrong. */
export const checkConfiguration = async (part: ProcessPart): Promise<number> => {
  readConfig(undefined, part)
  console.log('The configuration fits.')
  return 0
}

/** `config doc`: prints every variable. */
export const printManual = async (): Promise<number> => {
  console.log(configurationManual().trimEnd())
  return 0
}
