import { readConfigOf } from '../checks/checked-config.js'
import { configurationManual } from '../config-manual.js'
import type { Target } from '../target.js'

/** `config check`: reads the environment of a process or a pod and says what is wrong. */
export const checkConfiguration = async (target: Target): Promise<number> => {
  readConfigOf(target)
  console.log('The configuration fits.')
  return 0
}

/** `config doc`: prints every variable. */
export const printManual = async (): Promise<number> => {
  console.log(configurationManual().trimEnd())
  return 0
}
