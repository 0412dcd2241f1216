import {
  databaseVariables,
  defineVariables,
  environmentVariables,
  flag,
  httpVariables,
  tokenVariables,
  wholeNumber,
} from '@qsm/server-kit'

export const messageVariables = defineVariables({
  ...environmentVariables,
  ...httpVariables,
  ...databaseVariables,
  ...tokenVariables,
  ENABLE_WEBSOCKET: {
    schema: flag,
    default: 'true',
    doc: 'Whether sockets are served at /ws; without them clients poll.',
    example: 'true',
  },
  MAX_SOCKETS: {
    schema: wholeNumber(1, 1_000_000),
    default: '20000',
    doc: 'The most open sockets of one process; more are refused with 503.',
    example: '20000',
  },
  MESSAGE_RETENTION_DAYS: {
    schema: wholeNumber(1, 3_650),
    default: '30',
    doc: 'Days that an unacknowledged message waits.',
    example: '30',
  },
})
