import { configurationManual } from '@qsm/standalone'

/** Every variable of the server, from the schema that reads it. */
export const generate = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([['docs/reference/config.md', configurationManual()]])
