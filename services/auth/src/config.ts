import { availableParallelism } from 'node:os'
import {
  databaseVariables,
  defineVariables,
  environmentVariables,
  httpVariables,
  redisVariables,
  tokenVariables,
  wholeNumber,
} from '@qsm/server-kit'

export const authVariables = defineVariables({
  ...environmentVariables,
  ...httpVariables,
  ...databaseVariables,
  ...redisVariables,
  ...tokenVariables,
  REFRESH_EXPIRE_DAYS: {
    schema: wholeNumber(1, 365),
    default: '30',
    doc: 'Days after the last use that a login session lives.',
    example: '30',
  },
  PASSWORD_HASH_CONCURRENCY: {
    schema: wholeNumber(1, 64),
    default: String(Math.max(1, Math.min(2, availableParallelism()))),
    doc: 'How many passwords are hashed at once; each takes 19 MiB and a thread for about 15 ms.',
    example: '2',
  },
})
