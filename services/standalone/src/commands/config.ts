import { readConfigOf } from '../checks/target.js'
import { configurationManual } from '../config-manual.js'
import type { SchemaOwner } from '../schemas.js'

/** `config check`: reads the environment of a process or a pod and says what is wrong. */
export const checkConfiguration = async (target: SchemaOwner): Promise<number> => {
  readConfigOf(target)
  console.log('The configuration fits.')
  return 0
}

/** `config doc`: prints every variable. */
export const printManual = async (): Promise<number> => {
  console.log(configurationManual().trimEnd())
  return 0
}
